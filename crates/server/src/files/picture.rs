//! Making a picture anew: only pixels survive, so nothing hidden in the file (place, camera, scripts) does.

use super::UploadProblemKind;
use crate::limits::{
    PICTURE_DECODED_BYTES_MAX, PICTURE_KEPT_SIDE_PIXELS, PICTURE_QUALITY_PERCENT, PICTURE_SIDE_PIXELS_MAX,
    THUMB_SIDE_PIXELS,
};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// A picture as it is kept.
pub struct Made {
    /// JPEG.
    pub full: Vec<u8>,
    /// Small JPEG.
    pub thumb: Vec<u8>,
    /// A hash that near-equal pictures share (differences of neighbouring brightness, 64 bits).
    pub fingerprint: u64,
}

/// The format by the first bytes; names and declared types prove nothing.
fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(ImageFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Decodes within limits, turns upright, shrinks and encodes again.
///
/// # Errors
/// What is wrong with the file.
pub fn remake(bytes: &[u8]) -> Result<Made, UploadProblemKind> {
    let format = sniff(bytes).ok_or(UploadProblemKind::NotAPicture)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE_PIXELS_MAX);
    limits.max_image_height = Some(PICTURE_SIDE_PIXELS_MAX);
    limits.max_alloc = Some(PICTURE_DECODED_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(problem)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(problem)?;
    picture.apply_orientation(orientation);
    let side = picture.width().max(picture.height());
    let kept = if side > PICTURE_KEPT_SIDE_PIXELS {
        picture.resize(PICTURE_KEPT_SIDE_PIXELS, PICTURE_KEPT_SIDE_PIXELS, FilterType::Triangle)
    } else {
        picture
    };
    let small =
        if side > THUMB_SIDE_PIXELS { kept.thumbnail(THUMB_SIDE_PIXELS, THUMB_SIDE_PIXELS) } else { kept.clone() };
    Ok(Made { fingerprint: fingerprint(&small), full: jpeg(&kept)?, thumb: jpeg(&small)? })
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn problem(error: ImageError) -> UploadProblemKind {
    match error {
        ImageError::Limits(_) => UploadProblemKind::TooManyPixels,
        _ => UploadProblemKind::NotAPicture,
    }
}

fn jpeg(picture: &DynamicImage) -> Result<Vec<u8>, UploadProblemKind> {
    let mut bytes = Vec::new();
    let rgb = picture.to_rgb8();
    JpegEncoder::new_with_quality(&mut bytes, PICTURE_QUALITY_PERCENT).encode_image(&rgb).map_err(problem)?;
    Ok(bytes)
}

/// Each bit says whether a point of a 9 by 8 grey miniature is brighter than its right neighbour.
fn fingerprint(picture: &DynamicImage) -> u64 {
    let grey = picture.resize_exact(9, 8, FilterType::Triangle).to_luma8();
    let mut bits = 0_u64;
    for y in 0..8 {
        for x in 0..8 {
            bits = bits << 1 | u64::from(grey.get_pixel(x, y).0[0] > grey.get_pixel(x + 1, y).0[0]);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// A soft pattern, as photos are: bright in one corner, with a dark spot elsewhere.
    fn slope(width: u32, height: u32) -> DynamicImage {
        let shade = |x: u32, y: u32| {
            let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            let wave = (x * 7.0).sin() * 60.0 + (y * 5.0 + x * 2.0).cos() * 50.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 18 and 238")]
            let shade = (128.0 + wave) as u8;
            shade
        };
        RgbImage::from_fn(width, height, |x, y| Rgb([shade(x, y), shade(x, y), 80])).into()
    }

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_are_shrunk_and_thumbed() {
        let made = remake(&png(&slope(2_400, 300))).unwrap();
        let full = image::load_from_memory(&made.full).unwrap();
        let thumb = image::load_from_memory(&made.thumb).unwrap();
        assert_eq!((full.width(), full.height()), (2_048, 256));
        assert_eq!((thumb.width(), thumb.height()), (320, 40));
    }

    #[test]
    fn the_same_photo_has_a_near_fingerprint_and_another_has_not() {
        let photo = slope(600, 400);
        let again = remake(&jpeg(&photo.resize_exact(500, 333, FilterType::Triangle)).unwrap()).unwrap().fingerprint;
        let first = remake(&png(&photo)).unwrap().fingerprint;
        let other = remake(&png(&photo.fliph())).unwrap().fingerprint;
        assert!((first ^ again).count_ones() <= 6, "{first:x} {again:x}");
        assert!((first ^ other).count_ones() > 10, "{first:x} {other:x}");
    }

    #[test]
    fn what_is_no_picture_is_refused_whatever_its_name() {
        let not = Some(UploadProblemKind::NotAPicture);
        for bytes in [
            &b""[..],
            b"MZ\x90\x00",
            b"<html><script>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\xff\xd8\xffbroken",
        ] {
            assert_eq!(remake(bytes).err(), not);
        }
        let mut cut = png(&slope(64, 64));
        cut.truncate(60);
        assert_eq!(remake(&cut).err(), not);
    }

    #[test]
    fn a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() {
        let wide = png(&RgbImage::new(PICTURE_SIDE_PIXELS_MAX + 1, 1).into());
        assert_eq!(remake(&wide).err(), Some(UploadProblemKind::TooManyPixels));
    }
}
