//! `search FILE ROWS LOSS PENALTY REPEATS`: exact change points of each of ROWS series in a file of raw doubles; the best CPU
//! time of REPEATS runs and the number of changes on standard output. What `changepoints/run` puts beside its peers.
use cpu_time::ThreadTime;
use floodmark::detect::{cost::Loss, fpop};
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, rows, loss, penalty, repeats] = &arguments[..] else {
        panic!("search FILE ROWS squared|biweight PENALTY REPEATS")
    };
    let bytes = std::fs::read(file).expect("a file of doubles");
    let values: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect();
    let length = values.len() / rows.parse::<usize>().expect("a number of rows");
    let loss = if loss == "squared" { Loss::Squared } else { Loss::ROBUST };
    let penalty: f64 = penalty.parse().expect("a penalty");
    let (mut best, mut changes) = (Duration::MAX, 0);
    for _ in 0..repeats.parse().expect("a number of repeats") {
        let start = ThreadTime::now();
        changes = values.chunks_exact(length).map(|y| fpop::segment(y, loss, penalty).changes.len()).sum();
        best = best.min(start.elapsed());
    }
    println!("{} {changes}", best.as_secs_f64());
}
