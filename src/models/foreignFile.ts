/** What a file that was given as weights seems to be, by its first bytes or its tensors, and what would do in its place. */

/** The remedy for networks of another kind. */
export const WANTED =
  'a ResNet-18, 34 or 50 as safetensors, in the names of torchvision, timm or the authors, or the model.safetensors of a run';

interface Foreign {
  what: string;
  remedy: string;
}

const PYTORCH = "PyTorch's own format";

/** Bytes that tell a kind of file. */
const HEAD_BYTES = 512;

/** The first bytes of a file. */
interface Head {
  bytes: Uint8Array;
  /** A character each. */
  text: string;
}

/** The first that fits counts. */
const FILES: readonly { is(head: Head, file: string): boolean; what: string; remedy?(file: string): string }[] = [
  { is: ({ text }) => text.startsWith('PK') && text.includes('data.pkl'), what: PYTORCH, remedy: conversionOf },
  { is: ({ bytes }) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5, what: PYTORCH, remedy: conversionOf },
  { is: ({ text }) => text.startsWith('GGUF'), what: 'GGUF, the weights of a language model' },
  { is: ({ text }) => text.startsWith('HDF', 1), what: 'HDF5, in which Keras stores weights' },
  { is: ({ text }) => text.startsWith('TFL3', 4), what: 'TensorFlow Lite' },
  { is: ({ text }) => text.startsWith('NUMPY', 1), what: 'a NumPy array' },
  { is: ({ text }) => text.startsWith('PK'), what: 'a zip, as of Keras or NumPy' },
  // protobuf: the version, a number, then the name of the program that wrote it
  { is: ({ bytes }, file) => (bytes[0] === 0x08 && bytes[2] === 0x12) || /\.onnx$/i.test(file), what: 'ONNX' },
  {
    is: ({ text }) => text.startsWith('version https://git-lfs'),
    what: 'the pointer of Git LFS to a file',
    remedy: () => 'git lfs pull, which fetches the file itself',
  },
  {
    is: ({ text }) => text.trimStart().startsWith('<'),
    what: 'a page of the web',
    remedy: () => 'the file itself: another download of it',
  },
  { is: ({ text }) => text.trimStart().startsWith('{'), what: 'JSON' },
  { is: ({ text }) => text === '', what: 'empty' },
];

/**
 * Null for what may be a safetensors file.
 * @param file its name
 */
export function kindOfBytes(whole: Uint8Array, file: string): Foreign | null {
  const bytes = whole.subarray(0, HEAD_BYTES);
  const text = String.fromCharCode(...bytes);
  if (text[8] === '{') return null; // 8 bytes of length, then JSON
  const found = FILES.find(({ is }) => is({ bytes, text }, file));
  return { what: found?.what ?? 'no safetensors file', remedy: found?.remedy?.(file) ?? WANTED };
}

/** A line that converts what torch.save has written: a state dict, or a checkpoint that contains one. */
function conversionOf(file: string): string {
  const stem = file.replace(/(\.pth)?\.[a-z]+$/i, '');
  const target = `${stem}${file.endsWith('.safetensors') ? '-converted' : ''}.safetensors`;
  return (
    `--init ${target} after ` +
    `python3 -c "import torch, safetensors.torch as s; d = torch.load('${file}', map_location='cpu'); ` +
    `d = d.get('state_dict', d.get('model', d)); ` +
    `s.save_file({k: v.contiguous().clone() for k, v in d.items() if torch.is_tensor(v)}, '${target}')"`
  );
}

/** The first that fits the name of any tensor counts. */
const NETWORKS: readonly { name: RegExp; what: string }[] = [
  { name: /(^|\.)(logit_scale|text_model)/, what: 'CLIP' },
  { name: /(^|\.)(down_blocks|up_blocks|diffusion_model)\./, what: 'a diffusion model' },
  {
    name: /(^|\.)(cls_token|class_token|pos_embed|patch_embed\w*|encoder_layer_\d+|relative_position_bias_table)(\.|$)/,
    what: 'a vision transformer',
  },
  { name: /(^|\.)(self_attn|lm_head|embed_tokens|wte|word_embeddings)(\.|$)/, what: 'a language model' },
  { name: /\.(attn|attention|self_attention)\./, what: 'a transformer' },
  { name: /(^|\.)embedder\.embedder\./, what: "a ResNet in the names of Hugging Face's transformers" },
  { name: /(^|\.)conv1\.0\.weight$/, what: 'a ResNet-D, which starts with several convolutions' },
  { name: /(^|\.)denseblock\d/, what: 'a DenseNet' },
  { name: /(^|\.)conv_stem\.|^features\.\d+\.\d+\./, what: 'a MobileNet, an EfficientNet or a ConvNeXt' },
  { name: /^features\.\d+\.(weight|bias)$/, what: 'a VGG or an AlexNet' },
  { name: /(^|\.)stages\.\d+\.|downsample_layers/, what: 'a ConvNeXt or a RegNet' },
  { name: /(^|\.)Mixed_\d/, what: 'an Inception network' },
];

/** @param names of all tensors */
export function kindOfTensors(names: readonly string[]): string {
  if (names.length === 0) return 'no tensors';
  const known = NETWORKS.find(({ name }) => names.some((each) => name.test(each)));
  return known?.what ?? `another network than the ones known here (${names.slice(0, 3).join(', ')}, ...)`;
}
