//! The language as Envoy 1.40 has it, where that differs from the crate: how numbers and times become text and text becomes
//! whole numbers, and what the milliseconds of a span are (observed).
//!
//! The crate's own functions cannot be replaced, so a macro turns calls of them into calls of ours, whose names no
//! expression can write.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr};
use cel::parser::Macro;
use cel::{Context, Env, ExecutionError, Program, Value};
use chrono::{SecondsFormat, TimeDelta, Utc};

use crate::abi::Status;

/// The functions that are ours: the name in expressions, and the name that takes its place.
const TEXT: (&str, &str) = ("string", "@text");
const INT: (&str, &str) = ("int", "@int");
const UINT: (&str, &str) = ("uint", "@uint");
const MILLISECONDS: (&str, &str) = ("getMilliseconds", "@milliseconds");

static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    let milliseconds = Macro::receiver(MILLISECONDS.0, 0, |helper, target, arguments| {
        let Some(target) = target.take() else { return Ok(None) };
        arguments.clear();
        let call = CallExpr { func_name: MILLISECONDS.1.to_owned(), target: None, args: vec![target] };
        Ok(Some(helper.next_expr(Expr::Call(call))))
    });
    for one in [instead(TEXT), instead(INT), instead(UINT), milliseconds] {
        env.add_macro(one).expect("a macro of its own name");
    }
    Arc::new(env)
});

/// A function of one argument, called by its other name.
fn instead((name, ours): (&'static str, &'static str)) -> Macro {
    Macro::global(name, 1, move |helper, _, arguments| {
        let call = CallExpr { func_name: ours.to_owned(), target: None, args: std::mem::take(arguments) };
        Ok(Some(helper.next_expr(Expr::Call(call))))
    })
}

/// The program of a text.
///
/// # Errors
///
/// [`Status::BadArgument`]: it is no expression.
pub(super) fn parse(source: &[u8]) -> Result<Program, Status> {
    let source = std::str::from_utf8(source).map_err(|_| Status::BadArgument)?;
    LANGUAGE.compile(source).map_err(|_| Status::BadArgument)
}

/// A context without variables.
pub(super) fn context() -> Context<'static, 'static> {
    let mut context = Context::with_env(Arc::clone(&LANGUAGE));
    context.add_function(TEXT.1, text).expect("a name of its own");
    context.add_function(INT.1, int).expect("a name of its own");
    context.add_function(UINT.1, uint).expect("a name of its own");
    context.add_function(MILLISECONDS.1, milliseconds).expect("a name of its own");
    context
}

fn text(value: Value) -> Result<Value, ExecutionError> {
    let text = match value {
        Value::String(text) => return Ok(Value::String(text)),
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Float(number) => Some(double(number)),
        Value::Duration(span) => Some(duration(span)),
        Value::Timestamp(time) => Some(time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        _ => None,
    };
    text.map(|text| Value::String(Arc::new(text)))
        .ok_or_else(|| ExecutionError::function_error(TEXT.0, "no text of this value"))
}

fn int(value: Value) -> Result<Value, ExecutionError> {
    let number = match value {
        Value::Int(number) => Some(number),
        Value::UInt(number) => i64::try_from(number).ok(),
        // The bounds are the nearest that a double says, and are left out themselves.
        Value::Float(number) if number.abs() < 9_223_372_036_854_775_807.0 => Some(number as i64),
        Value::Bool(truth) => Some(truth.into()),
        Value::String(text) => text.trim_ascii().parse().ok(),
        Value::Timestamp(time) => Some(time.timestamp()),
        _ => None,
    };
    number.map(Value::Int).ok_or_else(|| ExecutionError::function_error(INT.0, "no number of this value"))
}

fn uint(value: Value) -> Result<Value, ExecutionError> {
    let number = match value {
        Value::UInt(number) => Some(number),
        Value::Int(number) => u64::try_from(number).ok(),
        Value::Float(number) if number > -1.0 && number < 18_446_744_073_709_551_615.0 => Some(number as u64),
        Value::String(text) => text.trim_ascii().parse().ok(),
        _ => None,
    };
    number.map(Value::UInt).ok_or_else(|| ExecutionError::function_error(UINT.0, "no number of this value"))
}

/// The fewest digits that say the number; with an exponent outside of 0.0001 to 999999.
fn double(number: f64) -> String {
    if number.is_nan() {
        // What arithmetic makes on x86.
        return "-nan(ind)".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        -4..6 => number.to_string(),
        exponent @ ..0 => format!("{digits}e-{:02}", exponent.unsigned_abs()),
        exponent => format!("{digits}e+{exponent:02}"),
    }
}

/// Seconds with no, three, six or nine decimal places.
fn duration(span: TimeDelta) -> String {
    let sign = if span < TimeDelta::zero() { "-" } else { "" };
    let span = span.abs();
    let (seconds, nanos) = (span.num_seconds(), span.subsec_nanos());
    match nanos {
        0 => format!("{sign}{seconds}s"),
        _ if nanos % 1_000_000 == 0 => format!("{sign}{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!("{sign}{seconds}.{:06}s", nanos / 1_000),
        _ => format!("{sign}{seconds}.{nanos:09}s"),
    }
}

/// The milliseconds within the second.
fn milliseconds(value: Value) -> Result<Value, ExecutionError> {
    match value {
        Value::Duration(span) => Ok(Value::Int((span.subsec_nanos() / 1_000_000).into())),
        Value::Timestamp(time) => Ok(Value::Int(time.timestamp_subsec_millis().into())),
        _ => Err(ExecutionError::function_error(MILLISECONDS.0, "neither an instant nor a span of time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Envoy 1.40 wrote them.
    #[test]
    fn numbers_and_spans_as_text() {
        for (number, want) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (-0.0, "-0"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.234567e+06"),
            (1e100, "1e+100"),
            (1e-7, "1e-07"),
            (-1.5, "-1.5"),
            (f64::NAN, "-nan(ind)"),
        ] {
            assert_eq!(double(number), want);
        }
        for (nanos, want) in [
            (0, "0s"),
            (1_500_000_000, "1.500s"),
            (-1_500_000_000, "-1.500s"),
            (1_000, "0.000001s"),
            (1, "0.000000001s"),
        ] {
            assert_eq!(duration(TimeDelta::nanoseconds(nanos)), want);
        }
    }
}
