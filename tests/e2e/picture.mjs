// Pictures made in code: a real JPEG drawn in the browser, with the hidden data a phone writes into it.

/** Draws a picture and gives its bytes as JPEG. */
export async function draw(page, text = "1", side = 640) {
  const base64 = await page.evaluate(({ text, side }) => {
    const canvas = document.createElement("canvas");
    canvas.width = side;
    canvas.height = Math.round(side * 0.75);
    const pen = canvas.getContext("2d");
    for (let i = 0; i < 60; i++) {
      pen.fillStyle = `hsl(${i * 6}, 60%, ${30 + (i % 5) * 10}%)`;
      pen.fillRect((i * 97) % side, (i * 61) % side, side / 6, side / 8);
    }
    pen.fillStyle = "#fff";
    pen.font = `${side / 8}px sans-serif`;
    pen.fillText(text, side / 8, side / 3);
    return canvas.toDataURL("image/jpeg", 0.9).split(",")[1];
  }, { text, side });
  return Buffer.from(base64, "base64");
}

const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16LE(n); return b; };
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const entry = (tag, type, count, value) => Buffer.concat([u16(tag), u16(type), u32(count), Buffer.concat([value, Buffer.alloc(4)]).subarray(0, 4)]);
const rational = (...numbers) => Buffer.concat(numbers.flatMap((n) => [u32(Math.round(n * 1e4)), u32(1e4)]));

function degrees(value) {
  const whole = Math.floor(value);
  const minutes = Math.floor((value - whole) * 60);
  return rational(whole, minutes, ((value - whole) * 60 - minutes) * 60);
}

/** The same picture with an EXIF block: maker and the point where it was taken. */
export function withExif(jpeg, { lon, lat, maker }) {
  const make = Buffer.from(`${maker}\0`);
  const first = 8;
  const afterFirst = first + 2 + 2 * 12 + 4;
  const gpsAt = afterFirst + make.length + (make.length % 2);
  const afterGps = gpsAt + 2 + 4 * 12 + 4;
  const tiff = Buffer.concat([
    Buffer.from("II*\0"), u32(first),
    u16(2), entry(0x010f, 2, make.length, u32(afterFirst)), entry(0x8825, 4, 1, u32(gpsAt)), u32(0),
    make, Buffer.alloc(make.length % 2),
    u16(4), entry(1, 2, 2, Buffer.from("N\0")), entry(2, 5, 3, u32(afterGps)), entry(3, 2, 2, Buffer.from("E\0")), entry(4, 5, 3, u32(afterGps + 24)), u32(0),
    degrees(lat), degrees(lon),
  ]);
  const body = Buffer.concat([Buffer.from("Exif\0\0"), tiff]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, body, jpeg.subarray(2)]);
}
