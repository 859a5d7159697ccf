//! `completions` and `man`: made from the arguments themselves.

use super::{Outcome, args, to_stdout};
use crate::error::Result;
use std::io::Write;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Outcome> {
    // Into memory first: the generator panics on a closed pipe.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "floodmark", &mut text);
    to_stdout(|out| out.write_all(&text))?;
    Ok(Outcome::Done)
}

/// One page: the program, then each verb.
pub(crate) fn manual() -> Result<Outcome> {
    let mut command = args::command().disable_help_subcommand(true);
    command.build();
    to_stdout(|out| {
        clap_mangen::Man::new(command.clone()).render(out)?;
        for verb in command.get_subcommands() {
            let man = clap_mangen::Man::new(verb.clone());
            writeln!(out, ".SH \"FLOODMARK {}\"", verb.get_name().to_uppercase())?;
            man.render_synopsis_section(out)?;
            man.render_description_section(out)?;
            man.render_options_section(out)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}
