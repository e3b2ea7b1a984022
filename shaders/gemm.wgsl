// The one matrix product: y[s, n, m] = sum over k of a[k, m] * B(k, n), m contiguous. What B is, is a slot: the rows of a
// matrix, or an image read through a convolution's window (conv_readers.ts), so that nothing is ever unfolded.
//   a [K, M] f32, x: what B reads, y [slices, N, M] f32.
// An invocation holds COLS values of n times 4 * QUADS of m in registers; lanes go over n. All lanes need the same values
// of a: a subgroup loads four rows of it, a lane each, and broadcasts (variant `subgroup`, for subgroups of 4 lanes and
// more), or every lane loads them (variant `register`).
// K is cut into `segments` of `length`, so that a reader divides once a segment and not once a k; a slice (z) is a run of
// segments. Sums go k ascending by explicit fma: every variant and tile gives the same bits.
// Launch (ceil(N / (WG * COLS)), ceil(M / (4 * QUADS)), slices).
// @slot enables
enable subgroups;
// @end
const WG: u32 = 8u; // @param lanes of a workgroup
const COLS: u32 = 8u; // @param n's of an invocation: 4 or 8
const QUADS: u32 = 4u; // @param m's of an invocation, in fours: 1, 2 or 4
alias Operand = vec4<f32>; // @param f32 when M is not a multiple of 4
alias Source = vec4<f32>; // @param f32 when B's contiguous side is not a multiple of 4
struct Sizes {
  m: u32, n: u32, segments: u32, length: u32, segmentsPerSlice: u32,
  // of the window readers: the source image, the grid of columns or rows, the kernel
  channels: u32, height: u32, width: u32, gridHeight: u32, gridWidth: u32, kernelHeight: u32, kernelWidth: u32, padTop: i32, padLeft: i32,
}
@group(0) @binding(0) var<storage, read> a: array<Operand>;
@group(0) @binding(1) var<storage, read> x: array<Source>;
@group(0) @binding(2) var<storage, read_write> y: array<Operand>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

// four m's of row k of a; 0 outside
fn load_a(k: u32, m: u32, isInside: bool) -> vec4<f32> {
  var value = vec4<f32>(0.0);
  // @slot load_a
  value = select(value, a[(k * sizes.m + m) / 4u], isInside && m < sizes.m);
  // @end
  return value;
}

fn store(at: u32, m: u32, value: vec4<f32>) {
  // @slot store
  if (m < sizes.m) { y[(at + m) / 4u] = value; }
  // @end
}

// @slot functions
// @end

@compute @workgroup_size(WG, 1, 1)
fn gemm(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  // @slot lane_argument
  @builtin(subgroup_invocation_id) subgroupLane: u32,
  // @end
) {
  let col0 = (group.x * WG + lane) * COLS;
  let row0 = group.y * 4u * QUADS;
  var acc: array<vec4<f32>, COLS * QUADS>;
  for (var i = 0u; i < COLS * QUADS; i++) { // @unroll
    acc[i] = vec4<f32>(0.0);
  }
  // @slot columns
  var base: array<u32, COLS>;
  // @end
  let first = group.z * sizes.segmentsPerSlice;
  let end = min(first + sizes.segmentsPerSlice, sizes.segments);
  for (var segment = first; segment < end; segment++) {
    // @slot segment
    for (var c = 0u; c < COLS; c++) { // @unroll
      base[c] = (col0 + c) * sizes.length;
    }
    // @end
    for (var k = 0u; k < sizes.length; k += 4u) {
      var b: array<vec4<f32>, COLS>;
      // @slot load_b
      for (var c = 0u; c < COLS; c++) { // @unroll
        b[c] = vec4<f32>(0.0);
        if (col0 + c < sizes.n) { b[c] = x[(base[c] + k) / 4u]; }
      }
      // @end
      let rowOfK = segment * sizes.length + k;
      // @slot rows
      let mine = subgroupLane & 3u;
      var held: array<vec4<f32>, QUADS>;
      for (var q = 0u; q < QUADS; q++) { // @unroll
        held[q] = load_a(rowOfK + mine, row0 + 4u * q, k + mine < sizes.length);
      }
      // @end
      for (var kk = 0u; kk < 4u; kk++) { // @unroll
        for (var q = 0u; q < QUADS; q++) { // @unroll
          // @slot row
          let row = subgroupBroadcast(held[q], kk);
          // @end
          for (var c = 0u; c < COLS; c++) { // @unroll
            // @slot product
            acc[c * QUADS + q] = fma(row, vec4<f32>(b[c][kk]), acc[c * QUADS + q]);
            // @end
          }
        }
      }
    }
  }
  for (var c = 0u; c < COLS; c++) { // @unroll
    if (col0 + c < sizes.n) {
      for (var q = 0u; q < QUADS; q++) { // @unroll
        store((group.z * sizes.n + col0 + c) * sizes.m, row0 + 4u * q, acc[c * QUADS + q]);
      }
    }
  }
}
