// Max and average pooling of channels-last images, forward and backward. x [N, H, W, C], y [N, OH, OW, C]. One lane per
// element written (groups2d(ceil(count / 64))), so that backward gathers and needs no atomics. With T = vec4 an element is
// four channels; channels and count are then in quads.
alias T = vec4<f32>; // @param f32
alias P = vec4<u32>; // @param u32: a pixel of x for each channel, row * width + column
struct Sizes {
  count: u32, channels: u32, height: u32, width: u32, outHeight: u32, outWidth: u32,
  kernelHeight: u32, kernelWidth: u32, strideY: u32, strideX: u32, padTop: u32, padLeft: u32, perWindow: f32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<storage, read_write> winners: array<P>; // where the maximum is
@group(0) @binding(3) var<storage, read> dy: array<T>;
@group(0) @binding(4) var<storage, read> winner: array<P>;
@group(0) @binding(5) var<storage, read_write> dx: array<T>;
@group(0) @binding(6) var<uniform> sizes: Sizes;

struct Place { image: u32, row: u32, col: u32, channel: u32 }

fn place_of(i: u32, height: u32, width: u32) -> Place {
  let pixel = i / sizes.channels;
  let line = pixel / width;
  let image = line / height;
  return Place(image, line - image * height, pixel - line * width, i - pixel * sizes.channels);
}

fn index_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

@compute @workgroup_size(64, 1, 1)
fn max_pool(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let at = place_of(i, sizes.outHeight, sizes.outWidth);
    var best = T(0.0);
    var winning = P(0xffffffffu);
    for (var ky = 0u; ky < sizes.kernelHeight; ky++) {
      let row = at.row * sizes.strideY + ky - sizes.padTop; // wraps above the image, and is then >= height
      for (var kx = 0u; kx < sizes.kernelWidth; kx++) {
        let col = at.col * sizes.strideX + kx - sizes.padLeft;
        if (row < sizes.height && col < sizes.width) {
          let value = x[((at.image * sizes.height + row) * sizes.width + col) * sizes.channels + at.channel];
          let isNan = (bitcast<P>(value) & P(0x7fffffffu)) > P(0x7f800000u);
          let isBetter = (winning == P(0xffffffffu)) | (value > best) | isNan; // the first of equal values, as in PyTorch
          best = select(best, value, isBetter);
          winning = select(winning, P(row * sizes.width + col), isBetter);
        }
      }
    }
    y[i] = best;
    winners[i] = winning;
  }
}

@compute @workgroup_size(64, 1, 1)
fn avg_pool(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let at = place_of(i, sizes.outHeight, sizes.outWidth);
    var sum = T(0.0);
    for (var ky = 0u; ky < sizes.kernelHeight; ky++) {
      let row = at.row * sizes.strideY + ky - sizes.padTop;
      for (var kx = 0u; kx < sizes.kernelWidth; kx++) {
        let col = at.col * sizes.strideX + kx - sizes.padLeft;
        if (row < sizes.height && col < sizes.width) {
          sum += x[((at.image * sizes.height + row) * sizes.width + col) * sizes.channels + at.channel];
        }
      }
    }
    y[i] = sum * sizes.perWindow;
  }
}

// Both gradients: dx[i] = sum over the windows that contain pixel i of its share of their gradient.
@compute @workgroup_size(64, 1, 1)
fn pool_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let at = place_of(i, sizes.height, sizes.width);
    let row = at.row + sizes.padTop;
    let col = at.col + sizes.padLeft;
    let firstRow = select((row - sizes.kernelHeight) / sizes.strideY + 1u, 0u, row < sizes.kernelHeight);
    let firstCol = select((col - sizes.kernelWidth) / sizes.strideX + 1u, 0u, col < sizes.kernelWidth);
    let lastRow = min(row / sizes.strideY, sizes.outHeight - 1u);
    let lastCol = min(col / sizes.strideX, sizes.outWidth - 1u);
    var sum = T(0.0);
    for (var oy = firstRow; oy <= lastRow; oy++) {
      for (var ox = firstCol; ox <= lastCol; ox++) {
        let out = ((at.image * sizes.outHeight + oy) * sizes.outWidth + ox) * sizes.channels + at.channel;
        // @slot share
        sum += select(T(0.0), dy[out], winner[out] == P(at.row * sizes.width + at.col));
        // @end
      }
    }
    dx[i] = sum * sizes.perWindow;
  }
}
