//! Draws every test case: `cargo run --release --example charts --no-default-features --features chart -- FOLDER`.

#[path = "../tests/charts/cases.rs"]
mod cases;

use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    std::fs::create_dir_all(&folder)?;
    for (name, figure) in cases::all() {
        let start = Instant::now();
        let png = figure.png()?;
        let png_time = start.elapsed();
        let svg = figure.svg()?;
        println!("{name}: png {png_time:.1?} {} kB, svg {} kB", png.len() / 1000, svg.len() / 1000);
        std::fs::write(folder.join(name).with_extension("png"), png)?;
        std::fs::write(folder.join(name).with_extension("svg"), svg)?;
    }
    Ok(())
}
