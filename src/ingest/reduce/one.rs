//! One file of a reduction: read once, whole or not at all.

use super::checkpoint::Seen;
use super::stream::Stream;
use super::{Order, Unknown};
use crate::error::{Error, Result};
use crate::ingest::check::Check;
use crate::ingest::defect::{Search, ndjson_header};
use crate::ingest::delimited::{self, Defect, Layout};
use crate::ingest::formats::{self, Articles, Input};
use crate::ingest::gather::{Gather, Ways};
use crate::ingest::header::{self, Chosen, Use};
use crate::ingest::source::{self, Dialect, Format, Source};
use crate::ingest::unpack::{cannot_read, spool};
use crate::ingest::{FileReport, scan, table};
use std::io::BufRead;
use std::path::Path;

/// What one file gave.
#[derive(Debug)]
pub(super) struct One<'a> {
    pub(super) file: FileReport,
    /// What the file looked like before it was read.
    pub(super) seen: Option<Seen>,
    /// What makes two files one.
    pub(super) identity: String,
    /// Whose ranks these are.
    pub(super) origin: Option<String>,
    pub(super) gather: Gather<'a>,
    pub(super) notes: Vec<String>,
}

/// Reads a file on so many threads.
///
/// # Errors
/// The first defect, as `file:line: column: what was found, what was expected`.
pub(super) fn read<'a>(
    path: &Path,
    order: &Order<'_>,
    ways: Ways<'a>,
    articles: &Articles,
    threads: usize,
) -> Result<One<'a>> {
    let name = path.display().to_string();
    let reader = Reader { order, ways, articles, threads, name: &name };
    let one = match path.is_file() {
        true => reader.read(path),
        // A pipe cannot be looked at twice.
        false if name == "-" => spool(std::io::stdin().lock()).and_then(|copy| reader.read(&copy)),
        false => crate::ingest::unpack::open(path).and_then(spool).and_then(|copy| reader.read(&copy)),
    };
    one.map_err(|error| error.in_file(&name))
}

struct Reader<'a, 'r> {
    order: &'r Order<'r>,
    ways: Ways<'a>,
    articles: &'r Articles,
    threads: usize,
    name: &'r str,
}

impl<'a> Reader<'a, '_> {
    fn read(&self, path: &Path) -> Result<One<'a>> {
        let mut stream = Stream::open(path, source::HEAD)?;
        if stream.head.is_empty() {
            return Err(Error::input("the file is empty"));
        }
        if stream.head.starts_with(&[0xff, 0xfe]) || stream.head.starts_with(&[0xfe, 0xff]) {
            return self.recoded(path);
        }
        let format = source::format_of(&stream.head, self.name, self.order.hints.format.as_deref())?;
        let mut notes = Vec::new();
        let gathered = match &format {
            Format::Parquet => self.parquet(path, &mut notes),
            Format::Ndjson => self.ndjson(path, &mut notes),
            Format::Csv(dialect) => self.csv(path, dialect, &mut stream, &mut notes),
            Format::Foreign(format) => self.foreign(format, &mut stream.reader, &mut notes),
        };
        // What the bytes are guilty of is not the rows' fault.
        let gather = match (stream.fault(), gathered) {
            (Some(fault), _) => return Err(fault),
            (None, gathered) => gathered?,
        };
        let (bytes, sha256) = stream.finish()?;
        self.one(gather, &format, bytes, sha256, notes)
    }

    fn one(
        &self,
        gather: Gather<'a>,
        format: &Format,
        bytes: u64,
        sha256: String,
        mut notes: Vec<String>,
    ) -> Result<One<'a>> {
        if gather.mixed() {
            return Err(Error::input("time stamps with and without a time zone in one file"));
        }
        let rows = gather.tally.rows;
        if rows == 0 {
            notes.push(formats::nothing_left(&gather)?);
        }
        let (identity, origin) = match format {
            Format::Foreign(format) => (format.identity(&sha256, self.name), format.origin(&gather)),
            _ => (sha256.clone(), None),
        };
        let file = FileReport { path: self.name.into(), bytes, sha256, rows };
        Ok(One { file, seen: None, identity, origin, gather, notes })
    }

    /// A file in UTF-16, by way of a copy.
    fn recoded(&self, path: &Path) -> Result<One<'a>> {
        let source = Source::open(path, self.order.hints.format.as_deref())?;
        let mut reader = source.reader()?;
        let mut notes = Vec::new();
        let gather = match &source.format {
            Format::Csv(dialect) => self.gathered(&mut reader, dialect, None, &mut notes)?,
            Format::Foreign(format) => Some(self.foreign(format, &mut reader, &mut notes)?),
            _ => Some(self.ndjson(path, &mut notes)?),
        };
        let gather = gather.map_or_else(|| Err(self.defect(path)), Ok)?;
        self.one(gather, &source.format, source.bytes, source.sha256()?, notes)
    }

    fn chosen(&self, header: &[String], notes: &mut Vec<String>) -> Result<Chosen> {
        let chosen = header::choose(header, &self.order.columns, Use::Traffic)?;
        notes.extend(header::note(header, &chosen));
        Ok(chosen)
    }

    fn csv(&self, path: &Path, dialect: &Dialect, stream: &mut Stream, notes: &mut Vec<String>) -> Result<Gather<'a>> {
        let start = std::mem::take(&mut stream.head);
        match self.gathered(&mut stream.reader, dialect, Some(&start), notes)? {
            Some(gather) => Ok(gather),
            None => match stream.fault() {
                Some(fault) => Err(fault),
                None => Err(self.defect(path)),
            },
        }
    }

    /// `None` if something is wrong in the text.
    fn gathered(
        &self,
        reader: &mut (impl BufRead + Send),
        dialect: &Dialect,
        start: Option<&[u8]>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Gather<'a>>> {
        let chosen = self.chosen(&dialect.header, notes)?;
        let written = start.and_then(|start| table::kind_in(start, dialect, &chosen));
        let kind = self.order.kind.or(written).unwrap_or_else(|| header::kind_of(&dialect.header[chosen.value]));
        let chosen = Chosen { kind: chosen.kind.filter(|_| written.is_some() && self.order.kind.is_none()), ..chosen };
        let mut gather = Gather::new(self.ways, kind);
        source::skip_header(reader, dialect)?;
        let layout = Layout::new(dialect, &chosen, written);
        match delimited::gather(reader, &layout, &mut gather, self.threads) {
            Ok(()) => Ok(Some(gather)),
            Err(Ok(Defect)) => Ok(None),
            Err(Err(error)) => Err(cannot_read(error)),
        }
    }

    fn ndjson(&self, path: &Path, notes: &mut Vec<String>) -> Result<Gather<'a>> {
        let source = Source::open(path, Some("ndjson"))?;
        let header = ndjson_header(&source)?;
        let chosen = self.chosen(&header, notes)?;
        let kind = self.order.kind.unwrap_or_else(|| header::kind_of(&header[chosen.value]));
        let mut gather = Gather::new(self.ways, kind);
        let check = Check { header: &header, chosen: &chosen, kind, zone: self.ways.zone };
        let search = Search { source: &source, check };
        if search.each_object(&mut gather)? { Ok(gather) } else { Err(search.first(None)) }
    }

    fn parquet(&self, path: &Path, notes: &mut Vec<String>) -> Result<Gather<'a>> {
        let source = Source::open(path, None)?;
        let header = scan::parquet_header(&source)?;
        let chosen = self.chosen(&header, notes)?;
        let written = table::own_kind(&source, &header, &chosen)?;
        let kind = self.order.kind.or(written).unwrap_or_else(|| header::kind_of(&header[chosen.value]));
        let mut gather = Gather::new(self.ways, kind);
        let chosen = Chosen { kind: chosen.kind.filter(|_| written.is_some() && self.order.kind.is_none()), ..chosen };
        match scan::gather(&source, &header, &chosen, &mut gather, self.threads)? {
            true => Ok(gather),
            false => {
                let check = Check { header: &header, chosen: &chosen, kind, zone: self.ways.zone };
                Err(Search { source: &source, check }.first(None))
            }
        }
    }

    fn foreign(
        &self,
        format: &'static formats::Format,
        reader: &mut dyn BufRead,
        notes: &mut Vec<String>,
    ) -> Result<Gather<'a>> {
        // Of what holds every page there is, those asked for are kept, or those about known outlets.
        let asked = self.order.hints.articles.is_some();
        let all = self.order.unknown == Some(Unknown::All) && !asked;
        let articles = Some(self.articles).filter(|_| asked || (format.vast && !all));
        if let (Some(_), false) = (articles, asked) {
            notes.push("pages about known outlets are kept; name others with --articles FILE, or keep all with --keep-unknown all".into());
        }
        source::skip_mark(reader)?;
        let mut gather = Gather::new(self.ways, self.order.kind.unwrap_or_default());
        let hints = formats::Hints {
            columns: Some(&self.order.columns),
            about: self.order.hints.about.as_deref(),
            date: self.order.hints.date,
            articles,
            kind: self.order.kind,
        };
        let mut input = Input { reader, name: formats::file_name(self.name), hints };
        (format.read)(&mut input, &mut gather)?;
        notes.push(format!("read as {}, values of kind '{}'", format.title, gather.kind.name()));
        Ok(gather)
    }

    /// What is wrong with a text: looked for row by row.
    fn defect(&self, path: &Path) -> Error {
        let search = || -> Result<Error> {
            let source = Source::open(path, self.order.hints.format.as_deref())?;
            let Format::Csv(dialect) = &source.format else { return Ok(Error::input("the file changed meanwhile")) };
            let header = dialect.header.clone();
            let chosen = header::choose(&header, &self.order.columns, Use::Traffic)?;
            let written = table::own_kind(&source, &header, &chosen)?;
            let kind = self.order.kind.or(written).unwrap_or_else(|| header::kind_of(&header[chosen.value]));
            let check = Check { header: &header, chosen: &chosen, kind, zone: self.ways.zone };
            Ok(Search { source: &source, check }.first(None))
        };
        search().unwrap_or_else(|error| error)
    }
}
