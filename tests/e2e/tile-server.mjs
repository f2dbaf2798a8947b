// A small server of map tiles as other people run them: pictures by {z}/{x}/{y}, each drawn when it is asked for, with one mark in a
// colour nothing else has. What is seen of the mark says where a map has put its tiles.
import { createServer } from "node:http";
import { deflateSync } from "node:zlib";
import { check } from "./lib.mjs";

const SIZE = 256;
/** Half the side of the mark, in pixels of a tile. */
const HALF = 12;
const LAND = [232, 232, 224];
const MARK = [255, 0, 255];
/** Pixels of the mark that are enough to say where its middle is. */
const ENOUGH = 40;
/** More of it is a tile of another zoom that stands in for one still on its way. */
const MOST = 1_000;
/** Pictures taken before a mark counts as missing. */
const LOOKS = 200;

/** Column and row of a point among the tiles of a level, with fractions. */
export function column({ lon, lat }, z) {
  const side = 2 ** z;
  const phi = (lat * Math.PI) / 180;
  return [((lon + 180) / 360) * side, ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * side];
}

const CRC = Array.from({ length: 256 }, (_, n) => Array.from({ length: 8 }).reduce((c) => (c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1), n));
const crc = (bytes) => (bytes.reduce((c, byte) => CRC[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const ends = [Buffer.alloc(4), Buffer.alloc(4)];
  ends[0].writeUInt32BE(data.length);
  ends[1].writeUInt32BE(crc(body));
  return Buffer.concat([ends[0], body, ends[1]]);
}

/** A tile as PNG; `at`: where in it the mark has its middle. */
export function picture([left, top]) {
  const line = 1 + SIZE * 3;
  const rows = Buffer.alloc(line * SIZE);
  for (let y = 0; y < SIZE; y += 1) for (let x = 0; x < SIZE; x += 1) {
    const isMark = Math.abs(x + 0.5 - left) < HALF && Math.abs(y + 0.5 - top) < HALF;
    Buffer.from(isMark ? MARK : LAND).copy(rows, y * line + 1 + x * 3);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIZE, 0);
  head.writeUInt32BE(SIZE, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** The tile z, x, y of a map whose mark lies at a point of its own datum. */
export function tile(mark, [z, x, y]) {
  const [across, down] = column(mark, z);
  return picture([(across - x) * SIZE, (down - y) * SIZE]);
}

/** Starts a server on a free port of this machine; gives its address and how it is stopped. */
async function started(answering) {
  const server = createServer(answering);
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject).listen(0, "127.0.0.1"));
  const stop = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, stop };
}

/** A file given in stretches, as a plain server of files gives it to other sites; and the stretches it was asked for. */
export async function startFile(bytes) {
  const asked = [];
  const shared = { "access-control-allow-origin": "*", "access-control-allow-headers": "range", "access-control-expose-headers": "content-range, etag", etag: '"1"' };
  const server = await started((request, answer) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (!from) return answer.writeHead(request.method === "OPTIONS" ? 204 : 416, shared).end();
    const piece = bytes.subarray(Number(from), Number(to) + 1);
    asked.push(piece.length);
    return answer.writeHead(206, { ...shared, "content-range": `bytes ${from}-${Number(from) + piece.length - 1}/${bytes.length}` }).end(piece);
  });
  return { ...server, asked };
}

/** Starts it; gives its address, the tiles it was asked for, and how it is stopped. */
export async function startTiles(mark) {
  const asked = [];
  const server = await started((request, answer) => {
    const numbers = /^\/(\d+)\/(\d+)\/(\d+)\.png$/.exec(request.url)?.slice(1).map(Number);
    if (numbers) asked.push(numbers);
    answer.writeHead(numbers ? 200 : 404, { "content-type": "image/png", "access-control-allow-origin": "*" });
    answer.end(numbers ? tile(mark, numbers) : undefined);
  });
  return { ...server, asked };
}

/** Lays the pixels of a picture out on a blank page, for what is asked of them next. */
async function laid(easel, png) {
  await easel.evaluate(async (base64) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${base64}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0);
    globalThis.pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
  }, png.toString("base64"));
}

/** How many pixels of a part of the page are as dark as what is written. */
export async function written(world, page, clip) {
  const easel = await world.blank();
  await laid(easel, await page.screenshot({ clip }));
  return easel.evaluate(() => {
    const { data } = globalThis.pixels;
    let count = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] < 70 && data[at + 1] < 70 && data[at + 2] < 70) count += 1;
    return count;
  });
}

/** The middle of the mark in a picture, and how many pixels of it are seen. */
async function middle(easel, png) {
  await laid(easel, png);
  return easel.evaluate(([r, g, b]) => {
    const { data, width } = globalThis.pixels;
    let [count, x, y] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      const far = Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b);
      if (far > 120) continue;
      count += 1;
      x += (at / 4) % width;
      y += Math.floor(at / 4 / width);
    }
    return { count, x: x / count + 0.5, y: y / count + 0.5 };
  }, MARK);
}

/** Where on the page the mark is seen once the map has come to rest; names that may stand over it are taken away. */
export async function seen(world, page, map) {
  const easel = await world.blank();
  let last = null;
  for (let look = 0; look < LOOKS; look += 1) {
    const box = await map.boundingBox();
    await page.evaluate(() => document.querySelectorAll(".map-label").forEach((label) => (label.style.visibility = "hidden")));
    const found = await middle(easel, await page.screenshot({ clip: box }));
    const rests = last && found.count === last.count && found.x === last.x && found.y === last.y;
    if (rests && found.count >= ENOUGH && found.count <= MOST) return { x: box.x + found.x, y: box.y + found.y };
    last = found;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  check(false, `the mark is not seen on the map: ${JSON.stringify(last)}`);
  return null;
}
