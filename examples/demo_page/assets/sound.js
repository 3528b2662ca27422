"use strict";
// Undoes sound.py. The same arithmetic: whole numbers below 2**53, samples modulo 2**16.

/** Returns both channels' samples, as two Int16Arrays, from what was deflated. */
function unpackSamples(bytes, { frames, block, order, scale }) {
  const count = 2 * Math.ceil(frames / block) * order;
  const filters = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * count));
  const high = bytes.subarray(4 * count, 4 * count + 2 * frames);
  const low = bytes.subarray(4 * count + 2 * frames);
  const channels = [0, 1].map((channel) => {
    const samples = new Int16Array(order + frames); // silence before the first sample
    const base = channel * (count / 2);
    for (let frame = 0; frame < frames; frame += 1) {
      const taps = base + Math.floor(frame / block) * order;
      let sum = 0;
      for (let back = 0; back < order; back += 1) {
        sum += filters[taps + back] * samples[order + frame - 1 - back];
      }
      const place = channel * frames + frame;
      const folded = (high[place] << 8) | low[place];
      const missed = folded & 1 ? -(folded >> 1) - 1 : folded >> 1;
      samples[order + frame] = missed + Math.floor(sum / scale); // an Int16Array keeps it modulo 2**16
    }
    return samples.subarray(order);
  });
  const [left, right] = channels;
  for (let frame = 0; frame < frames; frame += 1) right[frame] += left[frame];
  return channels;
}

/** Returns the bytes that a text in base64 stands for. */
function bytesOf(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

/** Returns { rate, header, channels } of what a sound script handed over. */
async function unpackSound(fields) {
  const stream = new Blob([bytesOf(fields.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return { rate: fields.rate, header: bytesOf(fields.header), channels: unpackSamples(bytes, fields) };
}

/** Returns the WAV file that was packed, loop points included, as the parts of a Blob. */
function wavParts({ header, channels: [left, right] }) {
  const samples = new DataView(new ArrayBuffer(4 * left.length));
  for (let frame = 0; frame < left.length; frame += 1) {
    samples.setInt16(4 * frame, left[frame], true);
    samples.setInt16(4 * frame + 2, right[frame], true);
  }
  return [header, samples.buffer];
}
