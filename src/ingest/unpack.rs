//! Bytes as they come: hashed, unpacked, recoded to UTF-8.

use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use tempfile::TempPath;

/// Unpacked data beyond this are refused, whatever their ratio.
const LARGEST: u64 = 64 << 30;
/// A file that grows by more than this factor …
const STEEPEST: u64 = 200;
/// … and beyond this size is a bomb rather than a table.
const HARMLESS: u64 = 256 << 20;

pub(super) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| Error::io("cannot open the file", e))
}

pub(super) fn cannot_read(error: io::Error) -> Error {
    Error::io("cannot read the file", error)
}

pub(super) fn head(path: &Path, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(length).read_to_end(&mut bytes).map_err(cannot_read)?;
    Ok(bytes)
}

pub(super) fn hash(path: &Path) -> Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let bytes = io::copy(&mut open(path)?, &mut hasher).map_err(cannot_read)?;
    Ok((bytes, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

pub(super) fn temporary_file() -> Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::with_prefix("floodmark-").map_err(|e| Error::io("cannot make a temporary file", e))
}

pub(super) fn spool(mut reader: impl Read) -> Result<TempPath> {
    let mut file = temporary_file()?;
    io::copy(&mut reader, &mut file).map_err(cannot_read)?;
    Ok(file.into_temp_path())
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
}

pub(super) fn packing(magic: &[u8]) -> Result<Option<Packing>> {
    match magic {
        [0x1f, 0x8b, ..] => Ok(Some(Packing::Gzip)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Some(Packing::Zstd)),
        [b'P', b'K', 3, 4, ..] => {
            Err(Error::input("found a zip archive, expected the table itself (or .gz, .bz2, .zst)"))
        }
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Ok(Some(Packing::Bzip2)),
        [0xfd, b'7', b'z', ..] => Err(Error::input("found xz, expected the table itself (or .gz, .bz2, .zst)")),
        _ => Ok(None),
    }
}

/// What is inside a packed stream.
pub(super) fn decoder<'a>(packing: Packing, packed: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    Ok(match packing {
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
    })
}

/// What a decoder that gave up means.
pub(super) fn broken(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::input("the packed file is truncated: it ends before its data do"),
        _ => Error::input("the packed file is broken").because(error),
    }
}

pub(super) fn unpack(path: &Path, packing: Packing, packed: u64) -> Result<TempPath> {
    let file = BufReader::new(open(path)?);
    let mut reader = decoder(packing, file).map_err(broken)?;
    let mut out = temporary_file()?;
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0u64;
    loop {
        let length = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        total += length as u64;
        if is_bomb(packed, total) {
            let message = format!("unpacks to more than {total} bytes from {packed}: refused");
            return Err(Error::input(message));
        }
        out.write_all(&buffer[..length]).map_err(|e| Error::io("cannot write a temporary file", e))?;
    }
    Ok(out.into_temp_path())
}

/// Whether so much from so little is a bomb rather than a table.
pub(super) fn is_bomb(packed: u64, unpacked: u64) -> bool {
    unpacked > LARGEST || (unpacked > HARMLESS && unpacked / packed.max(1) > STEEPEST)
}

/// A copy in UTF-8 of a file in UTF-16, known by its byte-order mark.
pub(super) fn recoded(path: &Path) -> Result<Option<TempPath>> {
    let decode: fn([u8; 2]) -> u16 = match head(path, 4)?.as_slice() {
        [0xff, 0xfe, 0, 0] => return Err(Error::input("found UTF-32, expected UTF-8 or UTF-16")),
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Ok(None),
    };
    let mut reader = BufReader::new(open(path)?);
    reader.seek(SeekFrom::Start(2)).map_err(cannot_read)?;
    let mut odd = false;
    let mut failed = None;
    let units = std::iter::from_fn(|| {
        let mut pair = [0; 2];
        match read_pair(&mut reader, &mut pair) {
            Ok(2) => Some(decode(pair)),
            Ok(length) => {
                odd = length == 1;
                None
            }
            Err(error) => {
                failed = Some(error);
                None
            }
        }
    });
    let mut file = temporary_file()?;
    let mut out = BufWriter::new(file.as_file_mut());
    let mut line = 1;
    for unit in char::decode_utf16(units) {
        let character = unit.map_err(|_| Error::input("found broken UTF-16").at_line(line))?;
        line += u64::from(character == '\n');
        out.write_all(character.encode_utf8(&mut [0; 4]).as_bytes())
            .map_err(|e| Error::io("cannot write a temporary file", e))?;
    }
    out.flush().map_err(|e| Error::io("cannot write a temporary file", e))?;
    drop(out);
    match (failed, odd) {
        (Some(error), _) => Err(cannot_read(error)),
        (None, true) => Err(Error::input("found half a character of UTF-16 at the end").at_line(line)),
        (None, false) => Ok(Some(file.into_temp_path())),
    }
}

fn read_pair(reader: &mut impl Read, pair: &mut [u8; 2]) -> io::Result<usize> {
    let first = reader.read(&mut pair[..1])?;
    if first == 0 {
        return Ok(0);
    }
    Ok(1 + reader.read(&mut pair[1..])?)
}

/// Bytes of a text as UTF-8 without a mark: unpacked and recoded where they need be. For small inputs.
///
/// # Errors
/// Empty, packed in a broken or unknown way, binary, or broken UTF-16.
pub(super) fn text_of(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let plain = match bytes.as_slice() {
        [] => return Err(Error::input("the input is empty")),
        [0xef, 0xbb, 0xbf, rest @ ..] => return Ok(rest.to_vec()),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => false,
        start => packing(start)?.is_none(),
    };
    if bytes.starts_with(b"PAR1") {
        return Err(Error::input(
            "found Parquet, expected CSV of one series; 'floodmark reduce -o x.csv' makes CSV of it",
        ));
    }
    if plain {
        return if bytes.contains(&0) { Err(Error::input("found binary data, expected CSV")) } else { Ok(bytes) };
    }
    let mut packed = spool(bytes.as_slice())?;
    if let Some(packing) = packing(&bytes)? {
        packed = unpack(&packed, packing, bytes.len() as u64)?;
    }
    if let Some(utf8) = recoded(&packed)? {
        packed = utf8;
    }
    let text = std::fs::read(&packed).map_err(cannot_read)?;
    Ok(text.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_and_steep_is_a_bomb() {
        assert!(!is_bomb(1_000, 1_000_000));
        assert!(is_bomb(1_000, 300 << 20));
        assert!(!is_bomb(100 << 20, 8 << 30));
        assert!(is_bomb(60 << 30, 65 << 30));
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "date,site\n").unwrap();
        // printf 'date,site\n' | sha256sum
        let expected = "ac702cccce2218d06138bef55a88ad0d98539b9e63d5ef0916db4f182882114f";
        assert_eq!(hash(&path).unwrap(), (10, expected.into()));
    }

    #[test]
    fn small_inputs_are_unpacked_and_recoded_in_one_go() {
        let utf16: Vec<u8> = "\u{feff}a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let packed = zstd::encode_all(&utf16[..], 3).unwrap();
        for bytes in [utf16, packed, b"\xef\xbb\xbfa,b\n".to_vec(), b"a,b\n".to_vec()] {
            assert_eq!(text_of(bytes).unwrap(), b"a,b\n");
        }
        assert!(text_of(Vec::new()).is_err() && text_of(b"a\0".to_vec()).is_err());
    }
}
