//! Any expectations, and the matchers in them.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::super::*;
use super::any::{bytes, text, time};
use crate::abi::{LogLevel, Status};

pub(super) fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let object = vec((text().boxed(), inner.clone()), 0..4)
            .prop_map(|members| Json::Object(members.into_iter().collect()));
        prop_oneof![vec(inner, 0..4).prop_map(Json::from), object]
    })
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let limit = || of((-1e6..1e6).prop_map(|n: f64| n));
    let leaf = prop_oneof![
        bytes().boxed().prop_map(Test::Is),
        bytes().boxed().prop_map(Test::Contains),
        Just(Test::Regex(Pattern::new("^a.*(b|c)$").expect("a pattern"))),
        Just(Test::Absent),
        (limit(), limit()).prop_filter_map("no limit", |(min, max)| {
            (min.is_some() || max.is_some()).then_some(Test::Range { min, max })
        }),
    ];
    leaf.prop_map(Matcher::of)
        .prop_recursive(2, 3, 1, |inner| inner.prop_map(|inner| Matcher::of(Test::Not(Box::new(inner)))))
}

fn body_matcher() -> impl Strategy<Value = BodyMatcher> {
    let size = quantity((0_u64..9_000_000).prop_map(Size));
    prop_oneof![
        matcher().prop_map(BodyMatcher),
        json().boxed().prop_map(|json| BodyMatcher(Matcher::of(Test::Json(json)))),
        size.prop_map(|size| BodyMatcher(Matcher::of(Test::Size(size)))),
    ]
}

fn quantity<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Quantity<T>> {
    let within = (of(value.clone()), of(value.clone())).prop_filter_map("no limit", |(min, max)| {
        let test = QuantityTest::Within { min, max };
        (!matches!(test, QuantityTest::Within { min: None, max: None }))
            .then_some(Quantity { span: Span::none(), test })
    });
    let plain = prop_oneof![value.prop_map(Quantity::is), within];
    plain.prop_recursive(1, 2, 1, |inner| {
        inner.prop_map(|inner| Quantity { span: Span::none(), test: QuantityTest::Not(Box::new(inner)) })
    })
}

fn headers() -> impl Strategy<Value = HeadersExpectation> {
    let values = prop_oneof![
        matcher().prop_map(FieldTest::One),
        vec(matcher().boxed(), 0..3).prop_map(FieldTest::Each)
    ];
    vec(values, 0..3).prop_map(|all| {
        let field =
            |(index, values)| FieldExpectation { span: Span::none(), name: format!("h{index}"), values };
        HeadersExpectation(all.into_iter().enumerate().map(field).collect())
    })
}

fn expected<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<Expected<T>>> {
    of(of(value))
        .prop_map(|value| value.map(|value| value.map_or(Expected::Nothing(Span::none()), Expected::Just)))
}

fn plugin_name() -> impl Strategy<Value = Option<String>> {
    of(Just("p".to_owned()))
}

pub(super) fn expectations() -> impl Strategy<Value = Expectations> {
    let response = (
        of(quantity(any::<u16>())),
        of(headers().boxed()),
        of(body_matcher().boxed()),
        expected(headers().boxed()),
        of(any::<bool>()),
    )
        .prop_map(|(status, headers, body, trailers, complete)| ResponseExpectation {
            status,
            headers,
            body,
            trailers,
            complete,
            ..ResponseExpectation::default()
        });
    let request = (
        of(matcher().boxed()),
        of(matcher().boxed()),
        of(headers().boxed()),
        of(vec(body_matcher().boxed(), 0..3)),
    )
        .prop_map(|(method, path, headers, chunks)| RequestExpectation {
            method,
            path,
            headers,
            chunks,
            ..RequestExpectation::default()
        });
    let local = (plugin_name(), of(matcher().boxed())).prop_map(|(plugin, details)| {
        LocalResponseExpectation { plugin, details, ..LocalResponseExpectation::default() }
    });
    let call = (of(matcher().boxed()), of(quantity(time().boxed())), of(Just(Status::BadArgument))).prop_map(
        |(cluster, timeout, status)| HttpCallExpectation {
            cluster,
            timeout,
            status,
            ..HttpCallExpectation::default()
        },
    );
    let line = (plugin_name(), of(Just(LogLevel::Warn)), of(matcher().boxed())).prop_map(
        |(plugin, level, message)| LogExpectation(LogLine { span: Span::none(), plugin, level, message }),
    );
    let metric = prop_oneof![
        quantity(any::<u64>()).prop_map(MetricExpectation::Value),
        vec(any::<u64>(), 0..3).prop_map(|all| MetricExpectation::Histogram(Span::none(), all)),
        Just(MetricExpectation::Absent(Span::none())),
    ];
    let property = (vec(text().boxed(), 1..3), matcher().boxed()).prop_map(|(path, value)| {
        PropertyExpectation { span: Span::none(), path: PropertyPath(path), value }
    });
    let one = (expected(response), expected(request), expected(local), expected(vec(call, 0..2)));
    let two = (
        expected(vec(line, 0..3)),
        vec((text().boxed(), metric), 0..3),
        vec(property, 0..2),
        of(quantity(time().boxed())),
    );
    let three = (of(any::<bool>()), of(vec(text().boxed(), 0..2)));
    (one, two, three).prop_map(
        |(
            (response, upstream_request, local_response, http_calls),
            (log, metrics, properties, took),
            (stalled, findings),
        )| {
            Expectations {
                response,
                upstream_request,
                local_response,
                http_calls,
                log,
                properties,
                took,
                stalled,
                findings,
                metrics: metrics.into_iter().collect(),
                ..Expectations::default()
            }
        },
    )
}
