// One client's connection: it has the backend from the first message of a transaction to the transaction's end.

import * as wire from './wire.mjs';

// PGlite hangs on large input of several messages (1,000 Bind/Execute at once; 500 are fine).
const LIMIT_BYTES = 16_384;

const PARAMETERS = {
  server_version: '17.5', server_encoding: 'UTF8', client_encoding: 'UTF8', DateStyle: 'ISO, MDY', TimeZone: 'UTC',
  integer_datetimes: 'on', standard_conforming_strings: 'on', IntervalStyle: 'postgres', is_superuser: 'on',
};

// What would end the backend or break it for everybody is refused, by the backend itself so that the
// transaction's state is right.
const REFUSED = [
  [/^\s*copy\b[\s\S]*\bfrom\s+stdin/i, 'COPY FROM STDIN ends the WebAssembly server'],
  [/^\s*(reset\s+all|discard\s+all)\b/i, 'RESET ALL and DISCARD ALL empty the search_path of all clients'],
];

export class Client {
  #id;
  #socket;
  #backend;
  #password;
  #unread = Buffer.alloc(0);
  #phase = 'startup';
  #batch = [];
  #batchBytes = 0;
  #work = Promise.resolve();
  #endTurn = null;
  #isGone = false;
  #statements = new Set();

  constructor(id, socket, backend, password) {
    [this.#id, this.#socket, this.#backend, this.#password] = [id, socket, backend, password];
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#leave());
  }

  tell(bytes) {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  #receive(bytes) {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#phase === 'startup' && this.#startup());
    if (this.#phase === 'startup') return;
    const [messages, rest] = wire.split(this.#unread);
    this.#unread = rest;
    for (const message of messages) {
      if (this.#phase === 'password') this.#authenticate(message);
      else this.#accept(message);
    }
  }

  // Read one packet of the time before messages have types; false: nothing more to read.
  #startup() {
    if (this.#unread.length < 8) return false;
    const length = this.#unread.readInt32BE(0);
    if (this.#unread.length < length) return false;
    const code = this.#unread.readInt32BE(4);
    this.#unread = this.#unread.subarray(length);
    if (code === wire.SSL_REQUEST || code === wire.GSS_REQUEST) {
      this.tell(Buffer.from('N'));
      return true;
    }
    if (code === wire.CANCEL_REQUEST) {
      this.#socket.destroy();
      return false;
    }
    this.#phase = 'password';
    this.tell(wire.message('R', wire.int32(3)));
    return true;
  }

  #authenticate(message) {
    if (wire.typeOf(message) !== 'p' || wire.stringOf(message) !== this.#password) {
      this.#socket.end(wire.error('FATAL', '28P01', 'password authentication failed'));
      return;
    }
    this.#phase = 'open';
    this.tell(Buffer.concat([
      wire.message('R', wire.int32(0)),
      ...Object.entries(PARAMETERS).map(([name, value]) => wire.message('S', wire.text(name), wire.text(value))),
      wire.message('K', wire.int32(this.#id), wire.int32(0)),
      wire.ready('I'),
    ]));
  }

  #accept(message) {
    const type = wire.typeOf(message);
    if (type === 'X') {
      this.#flush();
      this.#do(() => this.#socket.end());
      return;
    }
    if (type === 'Q' && /^\s*deallocate\s+all\b/i.test(wire.stringOf(message))) {
      this.#flush();
      this.#do(() => this.#deallocateAll());
      return;
    }
    const own = this.#ownWords(type, message);
    // Whole messages only: half ones end the WebAssembly server.
    if (this.#batchBytes + own.length > LIMIT_BYTES) this.#flush();
    this.#batch.push(own);
    this.#batchBytes += own.length;
    if ('QSH'.includes(type)) this.#flush();
  }

  // The message with this client's own names for statements and portals, and without what is refused.
  #ownWords(type, message) {
    const own = (name) => `c${this.#id}_${name}`;
    switch (type) {
      case 'Q': return this.#checked(wire.stringOf(message)) ?? message;
      case 'P': {
        if (wire.stringOf(message)) this.#statements.add(own(wire.stringOf(message)));
        const refusal = this.#refusal(wire.stringOf(message, 1));
        const parse = wire.renamed(message, 1, own);
        return refusal ? wire.message('P', wire.text(wire.stringOf(parse)), wire.text(refusal), Buffer.alloc(2)) : parse;
      }
      case 'B': return wire.renamed(message, 2, own);
      case 'E': return wire.renamed(message, 1, own);
      case 'D':
      case 'C': return wire.renamed(message, 1, own, { keptBytes: 1 });
      default: return message;
    }
  }

  #checked(sql) {
    const channel = /^\s*listen\s+"?(\w+)/i.exec(sql)?.[1];
    if (channel) this.#backend.listen(channel, this);
    const refusal = this.#refusal(sql);
    return refusal && wire.query(refusal);
  }

  #refusal(sql) {
    const said = REFUSED.find(([pattern]) => pattern.test(sql))?.[1];
    return said && `DO $$ BEGIN RAISE EXCEPTION '${said}' USING ERRCODE = 'feature_not_supported'; END $$`;
  }

  #flush() {
    if (!this.#batch.length) return;
    const bytes = Buffer.concat(this.#batch);
    [this.#batch, this.#batchBytes] = [[], 0];
    this.#do(() => this.#run(bytes));
  }

  // Do things in the order of the messages that asked for them.
  #do(action) {
    this.#work = this.#work.then(action);
  }

  async #run(bytes) {
    if (this.#isGone) return;
    const { messages, status } = await this.#send(bytes);
    this.tell(Buffer.concat(messages));
    if (status === 'I') this.#finish();
  }

  async #deallocateAll() {
    if (this.#isGone) return;
    const { status } = await this.#closeStatements();
    this.tell(Buffer.concat([wire.message('C', wire.text('DEALLOCATE ALL')), wire.ready(status)]));
    if (status === 'I') this.#finish();
  }

  async #closeStatements() {
    const closing = [...this.#statements].map(wire.closeStatement);
    this.#statements.clear();
    return this.#send(Buffer.concat([...closing, wire.SYNC]));
  }

  async #send(bytes) {
    this.#endTurn ??= await this.#backend.turn();
    return this.#backend.send(bytes);
  }

  #finish() {
    this.#endTurn?.();
    this.#endTurn = null;
  }

  // Leave nothing behind: no open transaction, no prepared statement, no waiting for notifications.
  #leave() {
    this.#isGone = true;
    this.#backend.forget(this);
    this.#do(async () => {
      if (this.#endTurn) await this.#rollback();
      if (this.#statements.size) await this.#closeStatements();
      this.#finish();
    });
  }

  async #rollback() {
    const { status } = await this.#send(wire.SYNC);
    if (status !== 'I') await this.#send(wire.query('ROLLBACK'));
  }
}
