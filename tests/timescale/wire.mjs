// Messages of PostgreSQL's protocol, version 3: https://www.postgresql.org/docs/17/protocol-message-formats.html

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const HEADER_BYTES = TYPE_BYTES + LENGTH_BYTES;
export const SSL_REQUEST = 80877103;
export const GSS_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

export function int32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return bytes;
}

export function text(string) {
  return Buffer.from(`${string}\0`);
}

export function message(type, ...parts) {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + LENGTH_BYTES), body]);
}

export const SYNC = message('S');

export function query(sql) {
  return message('Q', text(sql));
}

export function closeStatement(name) {
  return message('C', text(`S${name}`));
}

export function ready(status) {
  return message('Z', Buffer.from(status));
}

export function error(severity, code, said) {
  return message('E', text(`S${severity}`), text(`V${severity}`), text(`C${code}`), text(`M${said}`), text(''));
}

export function typeOf(bytes) {
  return String.fromCharCode(bytes[0]);
}

// The whole messages at the start of `bytes`, and what is left.
export function split(bytes) {
  const messages = [];
  let start = 0;
  while (start + HEADER_BYTES <= bytes.length) {
    const end = start + TYPE_BYTES + bytes.readInt32BE(start + TYPE_BYTES);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(start, end));
    start = end;
  }
  return [messages, bytes.subarray(start)];
}

// The string at `index` of those a message starts with.
export function stringOf(bytes, index = 0, offset = HEADER_BYTES) {
  const end = bytes.indexOf(0, offset);
  return index === 0 ? bytes.toString('utf8', offset, end) : stringOf(bytes, index - 1, end + 1);
}

// The same message with each of its first `count` names (not the empty ones) changed by `rename`.
export function renamed(bytes, count, rename, { keptBytes = 0 } = {}) {
  const kept = bytes.subarray(HEADER_BYTES, HEADER_BYTES + keptBytes);
  const names = [];
  let offset = HEADER_BYTES + keptBytes;
  for (let index = 0; index < count; index += 1) {
    const name = stringOf(bytes, 0, offset);
    names.push(text(name && rename(name)));
    offset += Buffer.byteLength(name) + 1;
  }
  return message(typeOf(bytes), kept, ...names, bytes.subarray(offset));
}
