// The built binary, started on a free port in a folder of its own, and always ended: as a demonstration nobody else acts in, or as an
// installation in service where nobody has an account yet.
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { readFileSync, createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";

const READY_MS = 120_000;
/** How long a stopping server may take. */
export const STOP_MS = 5_000;

export async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class Server {
  /** `folder`: everything the server keeps, and its log. */
  constructor(binary, folder, home) {
    this.binary = binary;
    this.folder = folder;
    this.home = home;
  }

  /** What the program is started with. */
  args(port, data) {
    return ["demo", "--port", port, "--data", data, "--cases", "1500", "--speed", "0", "--seed", "7"];
  }

  /** Starts and waits for the line `ready URL`; gives the milliseconds that took. */
  async start() {
    const port = this.port ?? (await freePort());
    const began = performance.now();
    const data = join(this.folder, "data");
    this.child = spawn(this.binary, this.args(port, data).map(String), { cwd: this.home, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => this.child.once("exit", (code, signal) => resolve({ code, signal })));
    this.log = createWriteStream(join(this.folder, "server.log"), { flags: "a" });
    this.warned = [];
    createInterface({ input: this.child.stderr }).on("line", (line) => {
      this.log.write(`${line}\n`);
      this.warned.push(line);
      this.heard?.(line);
    });
    const lines = createInterface({ input: this.child.stdout });
    const ready = new Promise((resolve) => lines.on("line", (line) => {
      this.log.write(`${line}\n`);
      const said = /^ready (http:\/\/\S+)$/.exec(line);
      if (said) resolve(said[1]);
    }));
    const late = setTimeout(() => this.child.kill("SIGKILL"), READY_MS);
    const early = this.ended.then(({ code, signal }) => Promise.reject(new Error(`the server ended before it was ready (${code ?? signal}): ${this.tail()}`)));
    early.catch(() => {});
    this.url = await Promise.race([ready, early]).finally(() => clearTimeout(late));
    return performance.now() - began;
  }

  /** The last lines the server logged. */
  tail() {
    return readFileSync(join(this.folder, "server.log"), "utf8").split("\n").slice(-15).join("\n");
  }

  /** Asks the server to stop; gives how it ended and the milliseconds that took. */
  async stop() {
    const began = performance.now();
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return null;
    this.child.kill("SIGTERM");
    const hard = setTimeout(() => this.child.kill("SIGKILL"), 2 * STOP_MS);
    const end = await this.ended;
    clearTimeout(hard);
    return { ...end, ms: performance.now() - began };
  }

  /** Resident memory in megabytes. */
  memory() {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.child.pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1024;
  }
}

/** An installation in service under `localhost`, which browsers count as safe: passkeys need that. `more` gives further arguments. */
export class Service extends Server {
  static async of(server, folder, more = () => []) {
    mkdirSync(folder, { recursive: true });
    const service = new Service(server.binary, folder, server.home);
    service.port = await freePort();
    service.origin = `http://localhost:${service.port}`;
    service.more = await more(service.origin);
    execFileSync(service.binary, ["import", "places", "--data", join(folder, "data"), "--home", service.home], { stdio: "ignore" });
    return service;
  }

  args(port, data) {
    return ["serve", "--port", port, "--data", data, "--home", this.home, "--public-url", this.origin, ...this.more];
  }

  async start() {
    const ms = await super.start();
    this.url = this.origin;
    return ms;
  }

  /** The address that makes the first administrator. */
  async setupLink() {
    const link = (line) => /(\/setup\?code=\w+)/.exec(line)?.[1];
    const known = this.warned.find(link);
    return link(known ?? (await new Promise((resolve) => (this.heard = (line) => link(line) && resolve(line)))));
  }
}
