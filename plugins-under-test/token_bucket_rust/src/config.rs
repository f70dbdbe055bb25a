//! The configuration: words `name=value`.

use crate::defect::Defect;

pub(crate) struct Config {
    pub(crate) limit: u32,
    /// Nanoseconds in which `limit` tokens come back.
    pub(crate) per: u64,
    pub(crate) capacity: u32,
    /// The header whose values have a bucket each.
    pub(crate) header: Option<String>,
    pub(crate) defect: Option<Defect>,
}

impl Default for Config {
    fn default() -> Self {
        Self { limit: 3, per: 1_000_000_000, capacity: 3, header: None, defect: None }
    }
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut config = Self::default();
        let mut capacity = None;
        for word in text.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not name=value"))?;
            let number = || match value.parse::<u32>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(format!("`{word}`: a number from 1 to 4294967295 is expected")),
            };
            match name {
                "limit" => config.limit = number()?,
                "per_ms" => config.per = u64::from(number()?) * 1_000_000,
                "capacity" => capacity = Some(number()?),
                "header" => config.header = Some(value.to_owned()),
                "defect" => {
                    let defect = Defect::named(value).ok_or_else(|| format!("`{word}`: no such defect"))?;
                    config.defect = Some(defect);
                }
                _ => return Err(format!("`{name}` is not known")),
            }
        }
        config.capacity = capacity.unwrap_or(config.limit);
        Ok(config)
    }
}
