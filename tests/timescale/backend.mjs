// The one PostgreSQL backend of a WebAssembly TimescaleDB, lent to one client at a time.

import { pathToFileURL } from 'node:url';
import * as wire from './wire.mjs';

export class Backend {
  #database;
  #lastTurn = Promise.resolve();
  #listeners = new Map();

  // An empty database in memory, from the unpacked npm package in `folder`.
  static async start(folder) {
    const load = (file) => import(pathToFileURL(`${folder}/dist/${file}`).href);
    const [{ PGlite }, { timescaledb }] = await Promise.all([load('index.js'), load('timescaledb/index.js')]);
    const backend = new Backend();
    backend.#database = await PGlite.create({ extensions: { timescaledb } });
    // LOAD: without it the module of compression and aggregates is missing where the extension was there before.
    await backend.#database.exec("CREATE EXTENSION IF NOT EXISTS timescaledb; LOAD 'timescaledb'; SET timezone = 'UTC'");
    return backend;
  }

  // Wait, in order of asking, to be the only one who sends. Call the answer to end the turn.
  async turn() {
    let end;
    const former = this.#lastTurn;
    this.#lastTurn = new Promise((resolve) => { end = resolve; });
    await former;
    return end;
  }

  // Answer whole messages: `status` is that of the last ReadyForQuery (I, T or E), undefined without one.
  async send(bytes) {
    const answer = Buffer.from(await this.#database.execProtocolRaw(bytes, { syncToFs: false }));
    const [messages] = wire.split(answer);
    let status;
    const kept = messages.filter((message) => {
      const type = wire.typeOf(message);
      if (type === 'Z') status = String.fromCharCode(message[5]);
      if (type === 'A') this.#notify(message);
      return type !== 'A';
    });
    return { messages: kept, status };
  }

  // Notifications reach the backend, which is everybody's: pass them on to those who listen.
  listen(channel, client) {
    this.#listeners.set(channel, (this.#listeners.get(channel) ?? new Set()).add(client));
  }

  forget(client) {
    for (const clients of this.#listeners.values()) clients.delete(client);
  }

  #notify(message) {
    const channel = wire.stringOf(message, 0, 9);
    for (const client of this.#listeners.get(channel) ?? []) client.tell(message);
  }
}
