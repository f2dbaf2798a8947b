//! What is packed comes back as it was, whatever stands beside it, and what cannot be read says why.

use super::*;

const CASE: [u8; 16] = [7; 16];

fn lines() -> Vec<String> {
    let line = |n: u32| {
        format!(
            "{{\"at\":\"2026-02-26T01:15:{:02}Z\",\"case\":\"07070707-0707-0707-0707-070707070707\",\"n\":{n}}}",
            n % 60
        )
    };
    (0..200).map(line).collect()
}

fn with_dictionary(path: Option<&Path>) -> Arc<Packing> {
    let packing = Packing::reading(path);
    let body = zstd::dict::from_samples(&lines(), 4096).unwrap();
    for id in [3, 300] {
        packing.use_from_now_on(Kind::Case, id, &body).unwrap();
    }
    packing
}

#[test]
fn what_was_packed_comes_back_to_the_byte_and_is_smaller() {
    let packing = with_dictionary(None);
    for text in lines() {
        let parts = Parts::of_case(CASE, "");
        let packed = packing.pack(Kind::Case, &text, &parts).unwrap();
        assert!(packed.len() * 2 < text.len(), "{} of {}", packed.len(), text.len());
        assert_eq!(take_number(&packed).unwrap().0, 300, "with the newest");
        assert_eq!(packing.unpack(&packed, &parts).unwrap(), text.as_bytes());
    }
    assert_eq!(packing.pack(Kind::Line, "{}", &Parts::of_case(CASE, "")), None, "no dictionary for lines yet");
    assert_eq!(packing.pack(Kind::Case, "x", &Parts::of_case(CASE, "")), None, "nothing is gained");
}

#[test]
fn a_row_that_cannot_be_read_says_why() {
    let parts = Parts::of_case(CASE, "");
    let packing = with_dictionary(None);
    let packed = packing.pack(Kind::Case, &lines()[0], &parts).unwrap();
    let said = |packing: &Packing, bytes: &[u8]| packing.unpack(bytes, &parts).unwrap_err().to_string();
    assert!(said(&Packing::reading(None), &packed).contains("dictionary 300, which is not in table `dictionary`"));
    assert!(said(&packing, &packed[..packed.len() - 1]).starts_with("it cannot be unpacked with dictionary 300: "));
    assert!(said(&packing, &[0xff; 6]).contains("number of a dictionary"));
    assert!(said(&packing, &[]).contains("number of a dictionary"));
    let mut huge = packed.clone();
    // The length of the text, in a form of eight bytes.
    huge.splice(2..3, [0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert!(said(&packing, &huge).contains("300"));
}

#[test]
fn numbers_of_dictionaries_of_every_size() {
    for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX)] {
        let mut bytes = Vec::new();
        put_number(&mut bytes, number);
        bytes.push(0xaa);
        assert_eq!(take_number(&bytes), Some((number, &[0xaa][..])));
    }
}
