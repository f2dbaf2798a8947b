//! A small city with a server, and a browser to visit it with.

mod browser;
mod city;
mod store;

pub use browser::{Answer, Browser, Part};
pub use city::{City, HERE, NEIGHBOUR, SEA, model, model_with, model_without};
pub use store::{Db, empty, postgres};

/// A picture as a phone would send it: JPEG with a place hidden in its EXIF data.
pub fn photo(shade: u8) -> Vec<u8> {
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
    let pixels: Vec<u8> = (0..64 * 48 * 3).map(|n: u32| (n as u8).wrapping_mul(shade) ^ (n / 64) as u8).collect();
    let mut plain = Vec::new();
    JpegEncoder::new(&mut plain).encode(&pixels, 64, 48, ExtendedColorType::Rgb8).unwrap();
    let secret = b"Exif\0\0SECRETGPS38.31N116.84E";
    let length = u16::try_from(secret.len() + 2).unwrap().to_be_bytes();
    let mut marked = plain[..2].to_vec();
    marked.extend([0xff, 0xe1, length[0], length[1]]);
    marked.extend(secret);
    marked.extend(&plain[2..]);
    marked
}
