import CBLAS

/// Which operand of a product is read transposed.
public enum Transposition: Sendable {
  /// a · b.
  case none
  /// aᵀ · b; a is stored `[inner, rows]`.
  case left
  /// a · bᵀ; b is stored `[columns, inner]`.
  case right
}

/// BLAS runs one thread per call: it does not see cgroup limits, and our pool already uses all
/// cores.
private let singleThreadedBLAS: Void = openblas_set_num_threads(1)

/// Makes sure BLAS is set up; call once before products run on several threads.
public func prepareMatrixProducts() { _ = singleThreadedBLAS }

/// c = a · b, or c += a · b when `accumulate`; all row-major.
///
/// a `[rows, inner]`, b `[inner, columns]`, c `[rows, columns]`; a stride is the number of Floats
/// from one row to the next of the matrix as stored. Source: BLAS level 3, `sgemm`.
@inline(__always)
public func matrixProduct(
  rows: Int, columns: Int, inner: Int,
  a: UnsafePointer<Float>, aStride: Int, b: UnsafePointer<Float>, bStride: Int,
  c: UnsafeMutablePointer<Float>, cStride: Int,
  transposed: Transposition = .none, accumulate: Bool = false
) {
  unsafe cblas_sgemm(
    CblasRowMajor,
    transposed == .left ? CblasTrans : CblasNoTrans,
    transposed == .right ? CblasTrans : CblasNoTrans,
    blasint(rows), blasint(columns), blasint(inner), 1,
    a, blasint(aStride), b, blasint(bStride), accumulate ? 1 : 0, c, blasint(cStride))
}
