//! `--cases N` and `--seed N`, for tests that try as much as they are told to, beside what libtest takes.

/// What the command line says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tuning {
    pub(crate) cases: Option<u32>,
    pub(crate) seed: Option<u64>,
}

impl Tuning {
    /// Takes what is its own out of the arguments, and leaves the others.
    pub(crate) fn of(mut all: impl Iterator<Item = String>) -> (Self, Vec<String>) {
        let (mut own, mut rest) = (Self::default(), Vec::new());
        while let Some(argument) = all.next() {
            let (name, value) =
                argument.split_once('=').map_or((&*argument, None), |(name, value)| (name, Some(value)));
            if !["--cases", "--seed"].contains(&name) {
                rest.push(argument);
                continue;
            }
            let value = value.map(str::to_owned).or_else(|| all.next());
            let number = value.and_then(|value| value.parse::<u64>().ok());
            let number = number.unwrap_or_else(|| panic!("{name} takes a number"));
            match name {
                "--cases" => own.cases = Some(u32::try_from(number).expect("fewer than four billion cases")),
                _ => own.seed = Some(number),
            }
        }
        (own, rest)
    }
}
