//! Tables: what is written can be read, and what strangers send does no harm.

use ganglion_documents::xlsx::{Cell, Column, Kind, ReadError, ReadLimits, Table, read, write};
use std::io::Write as _;

fn columns() -> Vec<Column> {
    vec![
        Column::text("名称"),
        Column { total: true, ..Column::number("面积", "亩", 1) },
        Column { kind: Kind::Percent(1), ..Column::number("占比", "%", 1) },
        Column { kind: Kind::Day, ..Column::text("日期") },
        Column { kind: Kind::Moment, ..Column::text("时间") },
    ]
}

fn table(columns: &[Column], rows: Vec<Vec<Cell>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let notes = ["2022年6月".to_owned()];
    let table = Table { title: "夏播/进度[表]", notes: &notes, columns, total: "合计" };
    write(&table, rows, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_table_reads_back_as_it_was_written() {
    let row = |name: &str, area| {
        vec![
            Cell::Text(name.into()),
            Cell::Number(area),
            Cell::Number(0.964),
            Cell::Day(2022, 6, 14),
            Cell::Moment(2022, 6, 14, 8, 30),
        ]
    };
    let bytes = table(&columns(), vec![row("=1+1", 12.0), row("东光县", 0.1 + 0.2)]);
    let rows = read(&bytes, ReadLimits::default()).unwrap();
    assert_eq!(rows[0], ["夏播/进度[表]"]);
    assert_eq!(rows[1], ["2022年6月"]);
    assert_eq!(rows[2], ["名称", "面积\n(亩)", "占比\n(%)", "日期", "时间"]);
    assert_eq!(rows[3], ["=1+1", "12", "0.964", "2022-06-14", "2022-06-14 08:30"]);
    assert_eq!(rows[4][..2], ["东光县", "0.3"]);
    assert_eq!(rows[5][0], "合计");
}

#[test]
fn rows_and_columns_are_bounded() {
    let bytes = table(&columns(), vec![vec![Cell::Text("一".into())]; 20]);
    let rows = ReadLimits { rows_max: 10, ..ReadLimits::default() };
    assert_eq!(read(&bytes, rows), Err(ReadError::TooManyRows(10)));
    let columns = ReadLimits { columns_max: 2, ..ReadLimits::default() };
    assert_eq!(read(&bytes, columns), Err(ReadError::TooManyColumns(2)));
}

#[test]
fn a_small_file_that_unpacks_to_much_is_refused() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&vec![b' '; 3_000_000]).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 50_000);
    let limits = ReadLimits { unpacked_bytes_max: 1_000_000, ..ReadLimits::default() };
    assert_eq!(read(&bytes, limits), Err(ReadError::TooLarge(1_000_000)));
}

#[test]
fn what_is_no_spreadsheet_is_refused_with_a_reason() {
    for bytes in [&b""[..], b"name,area\n", &[0x50, 0x4b, 3, 4, 0, 0], &[0xff; 4096]] {
        assert!(matches!(read(bytes, ReadLimits::default()), Err(ReadError::NotXlsx(_))));
    }
    let good = table(&columns(), vec![vec![Cell::Text("一".into())]]);
    for cut in [10, good.len() / 2, good.len() - 3] {
        assert!(read(&good[..cut], ReadLimits::default()).is_err(), "cut at {cut}");
    }
}
