/** Writing and reading of safetensors files, and every kind of damaged file that must be refused. */
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../runtime/errors.ts';
import { decodeSafetensors } from '../../runtime/safetensors/decode.ts';
import { encodeSafetensors } from '../../runtime/safetensors/encode.ts';
import type { SafetensorsTensor } from '../../runtime/safetensors/format.ts';

const tensors: Record<string, SafetensorsTensor> = {
  'b.weight': { dtype: 'F32', shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, -0, 1e-40]) },
  'a.count': { dtype: 'I64', shape: [], data: new BigInt64Array([-5n]) },
  'c.pixels': { dtype: 'U8', shape: [3], data: new Uint8Array([1, 2, 255]) },
  'd.exact': { dtype: 'F64', shape: [1], data: new Float64Array([Math.PI]) },
  'e.state': { dtype: 'U32', shape: [2, 1], data: new Uint32Array([0, 0xffffffff]) },
  'f.labels': { dtype: 'I32', shape: [1], data: new Int32Array([-1]) },
  'g.none': { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
};
const reversed = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).reverse());

/** A file with an arbitrary header, for damaged files. */
function fileOf(header: unknown, dataBytes: number, headerBytes?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes ?? json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const u8 = (begin: number, end: number) => ({ dtype: 'U8', shape: [end - begin], data_offsets: [begin, end] });

describe('encodeSafetensors', () => {
  test('types, shapes, values and metadata survive writing and reading', () => {
    const metadata = { epoch: '3', 'äö "quoted"': '\\ \n' };
    const file = decodeSafetensors(encodeSafetensors(tensors, metadata));
    expect(file.metadata).toEqual(metadata);
    expect(file.tensors).toEqual(tensors);
  });

  test('types written by other programs are read', () => {
    const others: Record<string, SafetensorsTensor> = {
      'h.half': { dtype: 'F16', shape: [2], data: new Uint16Array([0x3c00, 0xfbff]) },
      'i.brain': { dtype: 'BF16', shape: [1], data: new Uint16Array([0x3f80]) },
      'j.flags': { dtype: 'BOOL', shape: [2], data: new Uint8Array([1, 0]) },
      'k.wide': { dtype: 'U64', shape: [1], data: new BigUint64Array([2n ** 64n - 1n]) },
      'l.short': { dtype: 'I16', shape: [2], data: new Int16Array([-1, 2]) },
      'm.word': { dtype: 'U16', shape: [1], data: new Uint16Array([65535]) },
      'n.byte': { dtype: 'I8', shape: [1], data: new Int8Array([-128]) },
    };
    expect(decodeSafetensors(encodeSafetensors(others)).tensors).toEqual(others);
  });

  test('the bytes do not depend on the order in which tensors and metadata are given', () => {
    const metadata = { x: '1', a: '2' };
    expect(encodeSafetensors(reversed(tensors), reversed(metadata))).toEqual(encodeSafetensors(tensors, metadata));
  });

  test('the header length is a multiple of 8, padded with spaces; names are sorted, wide types first', () => {
    const bytes = encodeSafetensors(tensors);
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
    expect(Object.keys(header)).toEqual(Object.keys(tensors).sort());
    expect(header['a.count'].data_offsets).toEqual([0, 8]);
    expect(header['d.exact'].data_offsets).toEqual([8, 16]);
    expect(header['b.weight'].data_offsets).toEqual([16, 40]);
  });

  test('matches a known file byte for byte', () => {
    const bytes = encodeSafetensors({ x: { dtype: 'F32', shape: [1], data: new Float32Array([1]) } });
    const json = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  '; // two spaces: 54 -> 56 bytes
    expect([...bytes]).toEqual([json.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(json), 0, 0, 0x80, 0x3f]);
  });

  test('a file without tensors is valid, and names that are special in JavaScript survive', () => {
    expect(decodeSafetensors(encodeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
    const odd = Object.fromEntries([
      ['__proto__', tensors['c.pixels']],
      ['10', tensors['c.pixels']],
    ]);
    const names = Object.keys(decodeSafetensors(encodeSafetensors(odd)).tensors);
    expect(names.sort()).toEqual(['10', '__proto__']);
  });

  test('reads megabytes of metadata: long strings, and strings full of quotes and backslashes', () => {
    const skipped = JSON.stringify(
      Array.from({ length: 110_000 }, (_, i) => [i, 'the JPEG file is cut off \\ "here"']),
    );
    const metadata = { notes: 'n'.repeat(9e6), skipped, slashes: '\\'.repeat(1001) };
    const file = decodeSafetensors(encodeSafetensors(tensors, metadata));
    expect(Object.entries(metadata).every(([name, text]) => file.metadata[name] === text)).toBe(true);
    expect(Object.keys(file.tensors)).toHaveLength(7);
  });

  test('raw bytes are accepted for every type', () => {
    const data = new Uint8Array(new Float32Array([1, 2]).buffer);
    const file = decodeSafetensors(encodeSafetensors({ x: { dtype: 'F32', shape: [2], data } }));
    expect(file.tensors.x.data).toEqual(new Float32Array([1, 2]));
  });

  test('data that do not match the shape, and a reserved name, are refused', () => {
    const short: SafetensorsTensor = { dtype: 'F32', shape: [3], data: new Float32Array(2) };
    expect(() => encodeSafetensors({ short })).toThrow(/"short" has 8 bytes, its shape and type need 12/);
    expect(() => encodeSafetensors({ __metadata__: tensors['c.pixels'] })).toThrow(/reserved/);
  });
});

describe('decodeSafetensors', () => {
  test('reads from any byte offset of a larger buffer', () => {
    const file = encodeSafetensors(tensors);
    for (const shift of [1, 4]) {
      const larger = new Uint8Array(file.length + shift);
      larger.set(file, shift);
      expect(decodeSafetensors(larger.subarray(shift)).tensors).toEqual(tensors);
    }
  });

  const valid = encodeSafetensors(tensors);
  const damaged: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /truncated: the 8 bytes/],
    ['a header cut short', valid.subarray(0, 40), /truncated: its header should have/],
    ['data cut short', valid.subarray(0, valid.length - 1), /truncated: 5\d bytes of tensors are described, 5\d/],
    ['an over-long header', fileOf({}, 0, 100_000_001), /100000001 bytes; at most 100000000/],
    ['a header that is no JSON', fileOf('{"a":', 0), /not JSON/],
    ['a header that is no UTF-8', fileOf('{}', 0).map((byte) => (byte === 0x7b ? 0xff : byte)), /not JSON/],
    ['a header that is a list', fileOf('[1]', 0), /not a JSON object/],
    ['a header with a space in front', fileOf(' {}', 0), /not a JSON object/],
    ['a hole', fileOf({ a: u8(0, 4), b: u8(6, 8) }, 8), /no tensor describes the 2 bytes before "b"/],
    ['a hole at the start', fileOf({ a: u8(1, 4) }, 4), /the 1 bytes before "a"/],
    ['an overlap', fileOf({ a: u8(0, 4), b: u8(2, 8) }, 8), /"b" overlaps the tensor before it by 2 bytes/],
    ['bytes at the end', fileOf({ a: u8(0, 4) }, 5), /1 bytes after the last tensor/],
    ['a duplicate name', fileOf('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}', 0), /"a" twice/],
    ['a duplicate field', fileOf('{"a":{"dtype":"F32","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0), /twice/],
    ['an unknown type', fileOf({ a: { ...u8(0, 4), dtype: 'F8' } }, 4), /type "F8"; this reads F64/],
    ['a type that objects inherit', fileOf({ a: { ...u8(0, 4), dtype: 'toString' } }, 4), /type "toString"/],
    ['a tensor that is null', fileOf({ a: null }, 0), /"a" has no type/],
    [
      'a type nested 100,000 deep',
      fileOf(`{"a":{"dtype":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, 0),
      /"a" has no type/,
    ],
    ['a duplicate name behind a long text', fileOf(`{"n":"${'\\"n'.repeat(1e5)}", "a":1,"a" :2}`, 0), /"a" twice/],
    ['a negative side', fileOf({ a: { ...u8(0, 4), shape: [-2, -2] } }, 4), /no valid shape/],
    ['offsets in reverse', fileOf({ a: { ...u8(0, 4), data_offsets: [4, 0] } }, 4), /no valid shape/],
    ['a shape of another size', fileOf({ a: { ...u8(0, 4), shape: [5] } }, 4), /4 bytes, U8 \[5\] needs 5/],
    ['metadata that are not text', fileOf({ __metadata__: { epoch: 3 } }, 0), /not an object of strings/],
  ];
  test.each(damaged)('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'run/model.safetensors')).toThrow(FormatError);
    expect(() => decodeSafetensors(bytes, 'run/model.safetensors')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'run/model.safetensors')).toThrow(/^run\/model\.safetensors: /);
  });
});
