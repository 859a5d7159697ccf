//! Speed of the exact searches. One thread.
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use floodmark::detect::changepoint::{Settings, change_points};
use floodmark::detect::{cost::Loss, fpop};
use floodmark::stats::resample::generator;
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;

/// `n` values of unit noise with twenty shifts of ±2.
fn series(n: usize, stream: u64) -> Vec<f64> {
    let mut rng = generator(7, stream);
    let shift = |t: usize| if (t * 21 / n) % 2 == 0 { 0.0 } else { 2.0 };
    let mut noise = || -> f64 { StandardNormal.sample(&mut rng) };
    (0..n).map(|t| shift(t) + noise()).collect()
}

fn searches(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.sample_size(10);
    let workloads = [(1, 10_000), (1, 100_000), (1, 1_000_000), (1_000, 1_095), (200, 26_280)];
    for (many, n) in workloads {
        let panel: Vec<Vec<f64>> = (0..many).map(|i| series(n, i)).collect();
        for (name, loss) in [("squared", Loss::Squared), ("biweight", Loss::ROBUST)] {
            // The penalties of the published comparison.
            let per_change = if loss == Loss::Squared { 2.0 } else { 3.0 } * (n as f64).ln();
            group.bench_with_input(BenchmarkId::new(name, format!("{many}x{n}")), &panel, |b, panel| {
                b.iter(|| {
                    panel.iter().map(|y| fpop::segment(black_box(y), loss, per_change).changes.len()).sum::<usize>()
                })
            });
        }
        if many > 1 {
            group.bench_with_input(BenchmarkId::new("change_points", format!("{many}x{n}")), &panel, |b, panel| {
                b.iter(|| panel.iter().map(|y| change_points(y, &Settings::default()).len()).sum::<usize>())
            });
        }
    }
    group.finish();
}

criterion_group!(benches, searches);
criterion_main!(benches);
