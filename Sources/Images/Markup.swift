/// A text within SVG, XML or HTML, also within quotes.
package func escapedForMarkup(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    // Control characters are not allowed in XML.
    case "\u{0}"..<"\u{20}": escaped += " "
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
