//! Whether a module's state after its start can be kept as an image of memory and globals.
//!
//! Holds the rules; making images is not done here.

use std::collections::BTreeSet;

use wasmparser::{DataKind, ElementKind, Operator, Parser, Payload};

/// Why a module's state after its start cannot be kept as an image of memory and globals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageObstacle {
    /// It imports a memory or a table, which the image would have to replace.
    ImportedMemoryOrTable,
    /// It has more than one memory.
    SeveralMemories,
    /// Code writes, grows or initialises a table.
    WritesTables,
    /// It has passive segments, or code drops segments: an image cannot say which are left.
    PassiveSegments,
    /// A mutable global holds a reference.
    ReferenceGlobal,
}

impl ImageObstacle {
    /// In words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ImportedMemoryOrTable => "imports a memory or a table",
            Self::SeveralMemories => "has more than one memory",
            Self::WritesTables => "writes to tables",
            Self::PassiveSegments => "has passive segments",
            Self::ReferenceGlobal => "keeps a reference in a mutable global",
        }
    }
}

/// Why the state of this module cannot be imaged, each reason once. Reads every instruction.
pub(super) fn image_obstacles(wasm: &[u8]) -> Result<Vec<ImageObstacle>, wasmparser::BinaryReaderError> {
    let mut found = BTreeSet::new();
    let mut memories = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        wasmparser::TypeRef::Memory(_) | wasmparser::TypeRef::Table(_) => {
                            found.insert(ImageObstacle::ImportedMemoryOrTable);
                        }
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => memories += section.count(),
            Payload::GlobalSection(section) => {
                for global in section {
                    let of = global?.ty;
                    if of.mutable && of.content_type.is_reference_type() {
                        found.insert(ImageObstacle::ReferenceGlobal);
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if matches!(element?.kind, ElementKind::Passive) {
                        found.insert(ImageObstacle::PassiveSegments);
                    }
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    if matches!(data?.kind, DataKind::Passive) {
                        found.insert(ImageObstacle::PassiveSegments);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    found.extend(obstacle(&operator?));
                }
            }
            _ => {}
        }
    }
    if memories > 1 {
        found.insert(ImageObstacle::SeveralMemories);
    }
    Ok(found.into_iter().collect())
}

/// What an instruction stands in the way of.
fn obstacle(operator: &Operator<'_>) -> Option<ImageObstacle> {
    match operator {
        Operator::TableSet { .. }
        | Operator::TableGrow { .. }
        | Operator::TableFill { .. }
        | Operator::TableCopy { .. }
        | Operator::TableInit { .. } => Some(ImageObstacle::WritesTables),
        Operator::DataDrop { .. } | Operator::ElemDrop { .. } | Operator::MemoryInit { .. } => {
            Some(ImageObstacle::PassiveSegments)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_imaged_is_found() {
        for (fields, want) in [
            ("(memory 1) (global (mut i32) (i32.const 0))", vec![]),
            (r#"(import "env" "memory" (memory 1))"#, vec![ImageObstacle::ImportedMemoryOrTable]),
            ("(memory 1) (memory 1)", vec![ImageObstacle::SeveralMemories]),
            (
                "(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))",
                vec![ImageObstacle::WritesTables],
            ),
            (r#"(memory 1) (data "passive")"#, vec![ImageObstacle::PassiveSegments]),
            ("(global (mut funcref) (ref.null func))", vec![ImageObstacle::ReferenceGlobal]),
        ] {
            let wasm = wat::parse_str(format!("(module {fields})")).unwrap();
            assert_eq!(image_obstacles(&wasm).unwrap(), want, "{fields}");
        }
    }
}
