//! From a named file to one that can be scanned: unpacked, in UTF-8, its shape known.

use super::TABLE;
use super::formats;
use super::header;
use super::option::short;
use super::records::{Records, fields};
use super::unpack::{cannot_read, hash, head, open, packing, recoded, spool, unpack};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A file ready to be scanned.
#[derive(Debug)]
pub(super) struct Source {
    /// As the user named it.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// Size as given.
    pub bytes: u64,
    /// Where to read it.
    pub path: PathBuf,
    /// Where its bytes are as given.
    given: PathBuf,
    _temporary: Vec<TempPath>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Delimited text.
    Csv(Dialect),
    /// Columns in binary.
    Parquet,
    /// One JSON object a line.
    Ndjson,
    /// As its publisher writes it.
    Foreign(&'static formats::Format),
}

/// How a delimited text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// At the end of a line: `\n`, or `\r` in old files.
    pub line_end: u8,
    /// Lines before the header.
    pub preamble: u64,
    /// Names of the columns.
    pub header: Vec<String>,
}

impl Source {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// It cannot be read, is empty, packed in an unknown or broken way, grows beyond reason, or has no header.
    pub(super) fn open(path: &Path, format: Option<&str>) -> Result<Source> {
        let name = path.display().to_string();
        Self::open_named(path, &name, format).map_err(|error| error.in_file(name))
    }

    fn open_named(path: &Path, name: &str, format: Option<&str>) -> Result<Source> {
        let mut temporary = Vec::new();
        let mut readable = path.to_path_buf();
        if !path.is_file() {
            let spooled = if name == "-" { spool(io::stdin().lock())? } else { spool(open(path)?)? };
            readable = keep(&mut temporary, spooled);
        }
        let given = readable.clone();
        let bytes = std::fs::metadata(&given).map_err(cannot_read)?.len();
        if bytes == 0 {
            return Err(Error::input("the file is empty"));
        }
        for _ in 0..2 {
            let Some(packing) = packing(&head(&readable, 8)?)? else { break };
            let unpacked = unpack(&readable, packing, bytes)?;
            readable = keep(&mut temporary, unpacked);
        }
        if let Some(utf8) = recoded(&readable)? {
            readable = keep(&mut temporary, utf8);
        }
        let format = format_of(&head(&readable, HEAD)?, name, format)?;
        Ok(Source { name: name.into(), format, bytes, path: readable, given, _temporary: temporary })
    }

    /// SHA-256 of the bytes as given, hexadecimal. A large file is read for it once more.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn sha256(&self) -> Result<String> {
        hash(&self.given).map(|(_, sha256)| sha256).map_err(|error| error.in_file(&self.name))
    }

    /// The file from its start.
    pub(super) fn reader(&self) -> Result<BufReader<File>> {
        Ok(BufReader::with_capacity(1 << 18, open(&self.path).map_err(|error| error.in_file(&self.name))?))
    }
}

fn keep(temporary: &mut Vec<TempPath>, path: TempPath) -> PathBuf {
    temporary.push(path);
    temporary[temporary.len() - 1].to_path_buf()
}

/// How much of a file is looked at to tell its format.
pub(super) const HEAD: u64 = 1 << 16;

/// The format asked for, or the one that a file begins like: by its first [`HEAD`] bytes, unpacked and in UTF-8.
///
/// # Errors
/// Empty, binary, without a header, or not what was asked for.
pub(super) fn format_of(start: &[u8], name: &str, asked: Option<&str>) -> Result<Format> {
    let asked = asked.filter(|asked| *asked != "auto");
    if start.starts_with(b"PAR1") {
        return match asked {
            None | Some("parquet" | TABLE) => Ok(Format::Parquet),
            Some(asked) => Err(Error::input(format!("found Parquet, expected the format '{asked}'"))),
        };
    }
    if start.contains(&0) {
        return Err(Error::input("found binary data, expected CSV, NDJSON or Parquet"));
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if text.trim_ascii_start().is_empty() && text.len() < HEAD as usize {
        return Err(Error::input("the file is empty"));
    }
    match asked {
        Some("csv") => dialect(start, line_end(start)).map(Format::Csv),
        Some("ndjson") => Ok(Format::Ndjson),
        Some("parquet") => Err(Error::input("found text, expected Parquet")),
        Some(TABLE) => table(start, text, name),
        Some(asked) => formats::named(asked)
            .map(Format::Foreign)
            .ok_or_else(|| Error::usage(format!("no format '{asked}'; see --help for the list"))),
        None => guessed(start, text, name),
    }
}

fn guessed(start: &[u8], text: &[u8], name: &str) -> Result<Format> {
    if let Some(format) = formats::recognised(&formats::Head::new(&String::from_utf8_lossy(text), name)) {
        return Ok(Format::Foreign(format));
    }
    table(start, text, name)
}

fn table(start: &[u8], text: &[u8], name: &str) -> Result<Format> {
    match text.trim_ascii_start().first() {
        Some(b'{') => Ok(Format::Ndjson),
        Some(b'[') => Err(Error::input("found a JSON array, expected one JSON object a line (NDJSON)")),
        _ if is_ndjson(name) => Err(Error::input("found no JSON object, expected one a line (NDJSON)").at_line(1)),
        _ => dialect(start, line_end(start)).map(Format::Csv),
    }
}

fn is_ndjson(name: &str) -> bool {
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    name.ends_with(".ndjson") || name.ends_with(".jsonl")
}

/// Old files end their lines with a carriage return alone.
fn line_end(start: &[u8]) -> u8 {
    if start.contains(&b'\r') && !start.contains(&b'\n') { b'\r' } else { b'\n' }
}

/// Skips comments and empty lines, then reads the header; all of them must stand in the first bytes.
fn dialect(start: &[u8], line_end: u8) -> Result<Dialect> {
    let mut preamble = 0;
    for line in start.split_inclusive(|byte| *byte == line_end) {
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if text.is_empty() || text.starts_with(b"#") || text.starts_with(b"Category:") {
            preamble += 1;
            continue;
        }
        return header_of(text, line_end, preamble);
    }
    Err(Error::input("found comments only, expected a header and rows"))
}

fn header_of(text: &[u8], line_end: u8, preamble: u64) -> Result<Dialect> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(Error::input("found bytes that are not UTF-8").at_line(preamble + 1));
    };
    let split = |delimiter: u8| -> Vec<String> { fields(text.as_bytes(), delimiter).into_iter().flatten().collect() };
    let known = |delimiter: &u8| {
        let header = split(*delimiter);
        // Of equal ones the first in the list wins, so the last is compared first.
        (header::recognised(&header), header.len())
    };
    let delimiter = *b"|\t;,".iter().max_by_key(|delimiter| known(delimiter)).unwrap_or(&b',');
    let header = split(delimiter);
    if header.iter().all(|name| name.parse::<f64>().is_ok() || super::stamp::parse(name).is_some() || name.is_empty()) {
        let found = short(text);
        let message = format!("found no header but '{found}'; expected names such as timestamp,domain,country,visits");
        return Err(Error::input(message).at_line(preamble + 1));
    }
    Ok(Dialect { delimiter, line_end, preamble, header })
}

/// The records after the header, with their lines.
pub(super) fn rows(source: &Source, dialect: &Dialect) -> Result<Records<BufReader<File>>> {
    Ok(Records::new(after_header(source, dialect)?, dialect.line_end, dialect.preamble + 2))
}

/// What follows the header.
pub(super) fn after_header(source: &Source, dialect: &Dialect) -> Result<BufReader<File>> {
    let mut reader = source.reader()?;
    skip_header(&mut reader, dialect)?;
    Ok(reader)
}

/// Passes over the lines up to the header, and the header.
pub(super) fn skip_header(reader: &mut impl BufRead, dialect: &Dialect) -> Result<()> {
    let mut line = Vec::new();
    for _ in 0..=dialect.preamble {
        line.clear();
        reader.read_until(dialect.line_end, &mut line).map_err(cannot_read)?;
    }
    Ok(())
}

/// Passes over the mark that some writers put before UTF-8.
pub(super) fn skip_mark(reader: &mut (impl BufRead + ?Sized)) -> Result<()> {
    let marked = reader.fill_buf().map_err(cannot_read)?.starts_with(b"\xef\xbb\xbf");
    reader.consume(if marked { 3 } else { 0 });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn opened(name: &str, bytes: &[u8]) -> Result<(tempfile::TempDir, Source)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        // A plain file is read where it lies: its folder has to stay as long as the source.
        Source::open(&path, None).map(|source| (folder, source))
    }

    fn dialect_of(bytes: &[u8]) -> Dialect {
        match opened("a.csv", bytes).unwrap().1.format {
            Format::Csv(dialect) => dialect,
            other => panic!("{other:?}"),
        }
    }

    fn message(name: &str, bytes: &[u8]) -> String {
        opened(name, bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_delimiter_is_found_from_the_header() {
        for (text, delimiter) in [
            ("date,site,views", b','),
            ("date;site;views", b';'),
            ("date\tsite\tviews", b'\t'),
            ("date|site|views", b'|'),
            ("date;site;a,b", b';'),
        ] {
            assert_eq!(dialect_of(format!("{text}\n1{0}2{0}3\n", delimiter as char).as_bytes()).delimiter, delimiter);
        }
    }

    #[test]
    fn marks_comments_and_old_line_ends_are_understood() {
        let dialect = dialect_of(b"\xef\xbb\xbf# Tor\r\n#\r\n\r\ndate,country,users\r\n");
        assert_eq!((dialect.preamble, dialect.header.join("|")), (3, "date|country|users".into()));
        assert_eq!(dialect_of(b"date,site\r1,2\r").line_end, b'\r');
    }

    #[test]
    fn what_is_no_table_is_said_to_be_what_it_is() {
        assert!(message("a.csv", b"").ends_with("a.csv: the file is empty"));
        assert!(message("a.csv", b"\n \n").ends_with("the file is empty"));
        assert!(message("a.csv", b"# only\n").contains("comments only"));
        assert!(message("a.csv", b"2023-10-07,5\n").contains("a.csv:1: found no header but '2023-10-07,5'"));
        assert!(message("a.json", b"[{}]").contains("JSON array"));
        assert!(message("a.csv", b"PK\x03\x04xxxx").contains("zip"));
        assert!(message("a.csv", b"a\0b").contains("binary"));
    }

    #[test]
    fn packed_files_are_unpacked_and_truncated_ones_refused() {
        let text = b"date,site,views\n2023-10-07,rt.com,5\n".repeat(400);
        let zstd = zstd::encode_all(&text[..], 3).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        for packed in [&zstd, &gzip] {
            let (_folder, source) = opened("a.csv.gz", packed).unwrap();
            assert_eq!(std::fs::read(&source.path).unwrap(), text);
            assert_eq!(source.bytes, packed.len() as u64);
            let error = opened("a.csv.gz", &packed[..packed.len() - 9]).unwrap_err().to_string();
            assert!(error.contains("a.csv.gz: the packed file is "), "{error}");
        }
        assert!(message("a.gz", &gzip[..gzip.len() / 2]).contains("truncated"));
    }

    #[test]
    fn utf_16_is_read_in_both_orders() {
        let text = "date,site,views\n2023-10-07,пример.рф,5\n";
        let little: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            let (_folder, source) = opened("a.csv", &bytes).unwrap();
            assert_eq!(std::fs::read_to_string(&source.path).unwrap(), text);
        }
    }
}
