/// What is the same on every gallery page.
enum GalleryPage {
  /// - Parameters:
  ///   - title: escaped.
  ///   - flagged: how many somebody should look at.
  ///   - labels: of the columns after the photograph's.
  static func head(title: String, count: Int, flagged: Int, labels: [String]) -> String {
    let look =
      flagged == 0
      ? ""
      : """

      <label><input type="checkbox" id="flagged"> Only the \(flagged) to look at</label>
      """
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>\(style)
      \(narrowStyle(labels))</style>
      </head>
      <body>
      <header>
      <h1>\(title)</h1>
      <p>\(count) photographs. Measurements of masks, for research and teaching: no diagnosis.</p>
      <label>Name contains <input type="search" id="filter"></label>
      <label><input type="checkbox" id="borders"> Show all borders</label>\(look)
      </header>
      <table>

      """
  }

  static let foot = """
    </tbody>
    </table>
    <script>\(script)</script>
    </body>
    </html>

    """

  private static let style = """
    body{font:15px/1.4 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#222}
    header{padding:16px 20px}h1{font-size:22px;margin:0}p{margin:4px 0 10px;color:#555}
    label{margin-right:18px}input[type=search]{font:inherit;padding:3px 6px}
    table{border-collapse:collapse;width:100%;background:#fff}
    th{position:sticky;top:0;background:#e9e9e4;z-index:1;text-align:left;padding:6px;font-weight:normal}
    th button{font:inherit;text-align:left;font-weight:bold;border:0;background:none;cursor:pointer;padding:2px 0}
    th[aria-sort=ascending] button::after{content:" \\2191"}
    th[aria-sort=descending] button::after{content:" \\2193"}
    td{padding:6px;border-top:1px solid #e4e4e0;vertical-align:top;font-variant-numeric:tabular-nums}
    td.picture{width:1px}figure{position:relative;margin:0;display:inline-block;line-height:0}
    td.picture{padding-left:10px}td:last-child{overflow-wrap:anywhere;min-width:7em}
    td:nth-child(2){overflow-wrap:anywhere;min-width:9.8em}
    img{display:block;border-radius:3px;height:auto}
    @media(min-width:761px) and (max-width:1400px){img{max-width:18vw}}
    svg{position:absolute;inset:0;width:100%;height:100%;opacity:0}
    path{fill:none;stroke:#54ffe0;stroke-width:2;stroke-linejoin:round}
    path.rim{stroke:#00322b;stroke-width:4;stroke-opacity:.7}
    figure:hover svg,figure:focus svg,.borders svg{opacity:1}
    tr.look td.picture{box-shadow:inset 5px 0 #e6a700}
    em{font-style:normal;background:#ffe9a8;padding:1px 5px;border-radius:3px;display:inline-block;margin-bottom:2px}
    i{display:inline-block;width:14px;height:14px;border-radius:3px;border:1px solid #0004;
    vertical-align:-2px;margin-right:3px}td:has(i){white-space:nowrap}
    @media print{header label{display:none}th{position:static}svg{opacity:1}}
    """

  /// On a telephone a row is a card, and each measurement says what it is.
  private static func narrowStyle(_ labels: [String]) -> String {
    let names = labels.enumerated().map { index, label in
      "td:nth-child(\(index + 2))::before{content:\"\(label) \"}"
    }
    return """
      @media(max-width:760px){img{max-width:100%}table,tbody,tr,td,thead,thead tr,th{display:block}
      thead{position:sticky;top:0;z-index:1}thead tr{display:flex;flex-wrap:wrap;background:#e9e9e4}
      th{position:static;padding:2px 8px}th:first-child{display:none}
      tr{padding:8px 12px}tr.look{box-shadow:inset 5px 0 #e6a700}tr.look td.picture{box-shadow:none}
      td,td.picture{border:0;min-width:0 !important;padding:1px 0;width:auto;max-width:none}
      tbody tr{border-top:1px solid #d8d8d2}
      td::before{color:#666}td:nth-child(2)::before{content:""}
      td[data-value=""]{display:none}
      \(names.dropFirst().joined(separator: "\n"))}
      """
  }

  private static let script = """
    const body=document.querySelector("tbody");
    document.querySelector("thead").addEventListener("click",event=>{
    const button=event.target.closest("button");if(!button)return;
    const column=Number(button.dataset.column),head=button.parentElement;
    const falling=head.getAttribute("aria-sort")==="ascending"||
    (!head.hasAttribute("aria-sort")&&column>1);
    for(const other of head.parentElement.children)other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort",falling?"descending":"ascending");
    const value=row=>row.children[column].dataset.value;
    const rows=[...body.rows];
    const numeric=rows.every(row=>value(row)===""||!Number.isNaN(Number(value(row))));
    rows.sort((a,b)=>{const x=value(a),y=value(b);
    if(x===""||y==="")return (x==="")-(y==="");
    const order=numeric?Number(x)-Number(y):x.localeCompare(y);return falling?-order:order;});
    body.append(...rows);});
    const flagged=document.getElementById("flagged"),filter=document.getElementById("filter");
    const show=()=>{const text=filter.value.toLowerCase();
    for(const row of body.rows)row.hidden=flagged?.checked&&!row.classList.contains("look")||
    !row.children[1].dataset.value.toLowerCase().includes(text);};
    flagged?.addEventListener("change",show);
    filter.addEventListener("input",()=>{
    show();});
    document.getElementById("borders").addEventListener("change",event=>{
    body.classList.toggle("borders",event.target.checked);});
    """
}
