//! The bytes of a file, read once: hashed as they come, unpacked as they are needed, and no further than is sane.

use crate::error::{Error, Result};
use crate::ingest::unpack::{self, broken, cannot_read, decoder, is_bomb, packing};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes read from a file at a time.
const CHUNK: usize = 1 << 18;

/// The file itself, and what has been seen of it.
struct Raw {
    file: File,
    hasher: Sha256,
    bytes: u64,
    /// Why reading broke off, in our words.
    fault: Option<Error>,
}

/// A handle on the file: one inside the decoder, one outside that finishes the hash.
#[derive(Clone)]
struct Shared(Arc<Mutex<Raw>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Raw> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, fault: Error) -> io::Error {
        self.lock().fault.get_or_insert(fault);
        io::Error::other("the file cannot be read on")
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut raw = self.lock();
        let length = match raw.file.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                raw.fault.get_or_insert(cannot_read(error));
                return Err(io::Error::other("the file cannot be read on"));
            }
            result => result?,
        };
        raw.hasher.update(&buffer[..length]);
        raw.bytes += length as u64;
        Ok(length)
    }
}

/// What is inside a packed file, with a bound on how much that may be.
struct Unpacked<R> {
    inner: R,
    raw: Shared,
    total: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match self.inner.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(self.raw.fail(broken(error))),
            result => result?,
        };
        self.total += length as u64;
        let packed = self.raw.lock().bytes;
        if is_bomb(packed, self.total) {
            let message = format!("unpacks to more than {} bytes from the first {packed}: refused", self.total);
            return Err(self.raw.fail(Error::input(message)));
        }
        Ok(length)
    }
}

/// A file opened to be read once.
pub(super) struct Stream {
    raw: Shared,
    /// What is inside, from its start.
    pub reader: BufReader<Box<dyn Read + Send>>,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Stream {
    /// Opens a file and looks at the first bytes of what is inside.
    ///
    /// # Errors
    /// It cannot be read, or is packed in an unknown or broken way.
    pub(super) fn open(path: &Path, head: u64) -> Result<Stream> {
        let raw = Raw { file: unpack::open(path)?, hasher: Sha256::new(), bytes: 0, fault: None };
        let raw = Shared(Arc::new(Mutex::new(raw)));
        let mut stream: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(CHUNK, raw.clone()));
        for _ in 0..2 {
            let magic = stream.fill_buf().map_err(|error| raw.lock().fault.take().unwrap_or(cannot_read(error)))?;
            let Some(packing) = packing(&magic[..magic.len().min(8)])? else { break };
            let inner = decoder(packing, stream).map_err(broken)?;
            stream = Box::new(BufReader::with_capacity(CHUNK, Unpacked { inner, raw: raw.clone(), total: 0 }));
        }
        let mut start = Vec::new();
        let read = stream.by_ref().take(head).read_to_end(&mut start);
        read.map_err(|error| raw.lock().fault.take().unwrap_or(cannot_read(error)))?;
        let whole: Box<dyn Read + Send> = Box::new(Cursor::new(start.clone()).chain(stream));
        Ok(Stream { raw, reader: BufReader::with_capacity(CHUNK, whole), head: start })
    }

    /// Why reading broke off, if it did.
    pub(super) fn fault(&self) -> Option<Error> {
        self.raw.lock().fault.take()
    }

    /// Reads what is left of the file: its size and SHA-256 (hexadecimal).
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn finish(self) -> Result<(u64, String)> {
        // What follows the end of the packed data belongs to the file too.
        let mut rest = self.raw.clone();
        if let Err(error) = io::copy(&mut rest, &mut io::sink()) {
            return Err(self.fault().unwrap_or(cannot_read(error)));
        }
        let raw = self.raw.lock();
        let digest = raw.hasher.clone().finalize();
        Ok((raw.bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).expect("memory");
        packer.finish().expect("memory")
    }

    #[test]
    fn the_hash_is_that_of_the_file_and_the_text_what_is_inside() {
        let packed = gzip(b"date,site\n");
        let file = file(&packed);
        let mut stream = Stream::open(file.path(), 4).expect("open");
        let mut text = String::new();
        stream.reader.read_to_string(&mut text).expect("read");
        assert_eq!((text.as_str(), stream.head.as_slice()), ("date,site\n", &b"date"[..]));
        assert_eq!(stream.finish().expect("hash"), unpack::hash(file.path()).expect("hash"));
    }

    #[test]
    fn a_bomb_is_refused_before_it_goes_off() {
        // A thousand-fold: zeros pack well.
        let file = file(&gzip(&vec![b'0'; 300 << 20]));
        let mut stream = Stream::open(file.path(), 4).expect("open");
        assert!(io::copy(&mut stream.reader, &mut io::sink()).is_err());
        let fault = stream.fault().expect("a fault").to_string();
        assert!(fault.contains("refused"), "{fault}");
    }

    #[test]
    fn a_truncated_file_is_told_from_a_rotten_one() {
        let packed = gzip(&b"date,site,visits\n".repeat(10_000));
        let mut rotten = packed.clone();
        let middle = rotten.len() / 2;
        rotten[middle..middle + 8].fill(0x55);
        for (bytes, word) in [(&packed[..packed.len() - 9], "truncated"), (&rotten[..], "broken")] {
            let file = file(bytes);
            let mut stream = Stream::open(file.path(), 4).expect("open");
            assert!(io::copy(&mut stream.reader, &mut io::sink()).is_err());
            let fault = stream.fault().expect("a fault").to_string();
            assert!(fault.contains(word), "{fault}");
        }
    }
}
