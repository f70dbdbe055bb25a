//! The two declarations that most of the format is made of: [`document!`], an object with named keys, and
//! [`choices!`], one of several words. Each gives the type, its strict reader, its writer and its JSON Schema.

/// Declares an object with named keys. A field with `= value` may be left out, and so may an `Option`; the fields of
/// the document after `; with` stand beside the others. Each gets the `span` that it was read from.
macro_rules! document {
    (
        $(#[doc = $doc:literal])*
        $(#[derive($($derive:ident),+)])?
        $vis:vis struct $name:ident {
            $( $(#[doc = $fdoc:literal])* $fvis:vis $field:ident : $type:ty $(= $default:expr)?, )*
            $(; with $(#[doc = $wdoc:literal])* $wvis:vis $with:ident : $wtype:ty)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq $(, $($derive),+)?)]
        $vis struct $name {
            /// Where it is written.
            $vis span: $crate::document::source::Span,
            $( $(#[doc = $fdoc])* $fvis $field: $type, )*
            $( $(#[doc = $wdoc])* $wvis $with: $wtype, )?
        }

        impl $crate::document::shape::Document for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc, "\n",)* "");

            fn keys(out: &mut Vec<&'static str>) {
                $( out.push($crate::document::shape::key(stringify!($field))); )*
                $( <$wtype as $crate::document::shape::Document>::keys(out); )?
                let _ = out;
            }

            fn take(
                fields: &$crate::document::shape::Fields<'_>,
                reader: &mut $crate::document::shape::Reader,
            ) -> Option<Self> {
                $( let $field = fields.take::<$type>(
                    $crate::document::shape::key(stringify!($field)),
                    document!(@default $($default)?),
                    reader,
                ); )*
                $( let $with = <$wtype as $crate::document::shape::Document>::take(fields, reader); )?
                Some(Self {
                    span: fields.node.span.clone(),
                    $( $field: $field?, )*
                    $( $with: $with?, )?
                })
            }

            fn properties(
                out: &mut $crate::document::schema::Properties,
                defs: &mut $crate::document::schema::Defs,
            ) {
                $( out.add::<$type>(
                    $crate::document::shape::key(stringify!($field)),
                    concat!($($fdoc, "\n",)* ""),
                    document!(@default $($default)?),
                    defs,
                ); )*
                $( <$wtype as $crate::document::shape::Document>::properties(out, defs); )?
            }

            fn entries(&self, out: &mut Vec<$crate::document::source::Entry>) {
                $( $crate::document::shape::put::<$type>(
                    out,
                    $crate::document::shape::key(stringify!($field)),
                    &self.$field,
                    document!(@default $($default)?),
                ); )*
                $( $crate::document::shape::Document::entries(&self.$with, out); )?
            }
        }

        impl $crate::document::shape::Shape for $name {
            fn read(
                node: &$crate::document::source::Node,
                reader: &mut $crate::document::shape::Reader,
            ) -> Option<Self> {
                $crate::document::shape::read_document(node, reader)
            }

            fn write(&self) -> $crate::document::source::Node {
                $crate::document::shape::write_document(self)
            }

            fn schema(defs: &mut $crate::document::schema::Defs) -> serde_json::Value {
                defs.document::<Self>()
            }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some(|| $default) };
}

/// Declares a value that is one of several words; `enum Name = Word` names the default.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident $(= $default:ident)? {
            $( $(#[doc = $vdoc:literal])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $vdoc])* $variant, )+ }

        $( impl Default for $name {
            fn default() -> Self { Self::$default }
        } )?

        impl $name {
            /// The word of a scenario file.
            #[must_use]
            $vis const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl $crate::document::shape::Shape for $name {
            fn read(
                node: &$crate::document::source::Node,
                reader: &mut $crate::document::shape::Reader,
            ) -> Option<Self> {
                match node.scalar() {
                    $( Some($word) => Some(Self::$variant), )+
                    _ => $crate::document::shape::unknown_word(node, &[$($word),+], reader),
                }
            }

            fn write(&self) -> $crate::document::source::Node {
                $crate::document::source::Node::text(self.word())
            }

            fn schema(_: &mut $crate::document::schema::Defs) -> serde_json::Value {
                serde_json::json!({"oneOf": [
                    $( {"const": $word, "description": concat!($($vdoc, "\n",)* "").trim()} ),+
                ]})
            }
        }
    };
}

pub(crate) use {choices, document};
