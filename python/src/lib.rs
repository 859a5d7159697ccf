//! The Python package `floodmark`: the core of the program behind the Arrow interface.
//!
//! Everything that computes is in the crate `floodmark`; here are only the ways in and out of Python. The names that
//! users see, their documentation and their types are in `floodmark/__init__.py`.

mod analyze;
mod detect;
mod fault;
mod frame;
mod options;
mod simulate;
mod spark;
mod table;

use floodmark::report::table::Table;
use pyo3::prelude::*;

#[pymodule]
fn _floodmark(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    // Those of every result; `transitions` is of those decided period by period.
    let always = Table::ALL.into_iter().filter(|table| *table != Table::Transitions);
    module.add("TABLES", always.map(Table::name).collect::<Vec<_>>())?;
    module.add("FloodmarkError", module.py().get_type::<fault::FloodmarkError>())?;
    module.add_class::<table::PyResultTable>()?;
    module.add_class::<analyze::PyAnalysis>()?;
    module.add_class::<spark::Worker>()?;
    module.add_function(wrap_pyfunction!(analyze::analyze, module)?)?;
    module.add_function(wrap_pyfunction!(analyze::frame_csv, module)?)?;
    module.add_function(wrap_pyfunction!(analyze::lift, module)?)?;
    module.add_function(wrap_pyfunction!(detect::detect, module)?)?;
    module.add_function(wrap_pyfunction!(detect::detect_many, module)?)?;
    module.add_function(wrap_pyfunction!(simulate::simulate, module)?)?;
    module.add_function(wrap_pyfunction!(spark::errors_table, module)?)?;
    Ok(())
}
