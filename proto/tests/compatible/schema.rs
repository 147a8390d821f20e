//! The messages as they are described today, samples of them as bytes, and bytes as a newer version would
//! send them.

use std::collections::BTreeSet;

use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

/// A number that no field has.
const UNKNOWN: u32 = 19_000 - 1;
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The package of the wire.
pub(crate) const PACKAGE: &str = "shipway.v1";

/// The descriptors.
pub(crate) struct Schema(pub(crate) FileDescriptorSet);

impl Schema {
    pub(crate) fn today() -> Self {
        let set = FileDescriptorSet::decode(shipway_proto::DESCRIPTORS);
        let mut set = set.expect("descriptors");
        set.file.retain(|file| file.package() == PACKAGE);
        Self(set)
    }

    /// Messages that do not stand in others.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &str> {
        let files = self.0.file.iter();
        files
            .flat_map(|file| &file.message_type)
            .map(DescriptorProto::name)
    }

    /// By its name below the package: `Event` or `Event.Submitted`.
    fn message(&self, name: &str) -> &DescriptorProto {
        let mut parts = name.split('.');
        let first = parts.next();
        let mut all = self.0.file.iter().flat_map(|file| &file.message_type);
        let mut found = all
            .find(|message| Some(message.name()) == first)
            .unwrap_or_else(|| panic!("there is no message {name}"));
        for part in parts {
            let mut inner = found.nested_type.iter();
            found = inner
                .find(|message| message.name() == part)
                .unwrap_or_else(|| panic!("there is no message {name}"));
        }
        found
    }

    fn of(&self, field: &FieldDescriptorProto) -> &DescriptorProto {
        self.message(within(field.type_name()))
    }

    /// A message with every field set, once for each alternative.
    pub(crate) fn samples(&self, name: &str) -> Vec<(Option<String>, Vec<u8>)> {
        self.samples_of(self.message(name))
    }

    fn samples_of(&self, message: &DescriptorProto) -> Vec<(Option<String>, Vec<u8>)> {
        let arms: Vec<&FieldDescriptorProto> = message.field.iter().filter(|f| is_arm(f)).collect();
        if arms.is_empty() {
            return vec![(None, self.sample(message, None))];
        }
        let sample = |arm: &&FieldDescriptorProto| {
            let name = arm.name().to_owned();
            (Some(name), self.sample(message, Some(arm.number())))
        };
        arms.iter().map(sample).collect()
    }

    /// All fields, and of the alternatives the one of this number.
    fn sample(&self, message: &DescriptorProto, arm: Option<i32>) -> Vec<u8> {
        let mut fields: Vec<&FieldDescriptorProto> = message
            .field
            .iter()
            .filter(|field| !is_arm(field) || arm == Some(field.number()))
            .collect();
        fields.sort_by_key(|field| field.number());
        let mut bytes = Vec::new();
        for field in fields {
            self.put(message, field, &mut bytes);
        }
        bytes
    }

    fn put(&self, of: &DescriptorProto, field: &FieldDescriptorProto, bytes: &mut Vec<u8>) {
        let number = tag(field);
        let many = field.label() == Label::Repeated;
        match field.r#type() {
            Type::Message => {
                let mut all = self.samples_of(self.of(field));
                if !many {
                    all.truncate(1);
                }
                for (_, inner) in all {
                    put_bytes(number, &inner, bytes);
                }
            }
            Type::String | Type::Bytes => {
                let text = text(of.name(), field.name());
                put_bytes(number, text.as_bytes(), bytes);
                if many {
                    put_bytes(number, text.as_bytes(), bytes);
                }
            }
            Type::Double => {
                // Another number for each field.
                let value = (f64::from(number) + 0.5).to_le_bytes();
                if many {
                    put_bytes(number, &[value, value].concat(), bytes);
                } else {
                    encode_key(number, WireType::SixtyFourBit, bytes);
                    bytes.extend_from_slice(&value);
                }
            }
            kind => {
                let value = match kind {
                    Type::Bool | Type::Enum => 1,
                    // Small enough for percentages and priorities, and another for each field.
                    Type::Uint32 | Type::Uint64 => u64::from(number) + 10,
                    // Zigzag: twice as much.
                    Type::Sint32 | Type::Sint64 => 2 * (u64::from(number) + 10),
                    other => panic!("{}: no sample of type {other:?}", field.name()),
                };
                if many {
                    let mut packed = Vec::new();
                    encode_varint(value, &mut packed);
                    encode_varint(value + 1, &mut packed);
                    put_bytes(number, &packed, bytes);
                } else {
                    encode_key(number, WireType::Varint, bytes);
                    encode_varint(value, bytes);
                }
            }
        }
    }

    /// The same with fields that nobody knows, here and in every message in it.
    pub(crate) fn with_unknown_fields(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        self.newer(self.message(name), bytes)
    }

    fn newer(&self, message: &DescriptorProto, mut bytes: &[u8]) -> Vec<u8> {
        let mut newer = Vec::new();
        while !bytes.is_empty() {
            let (number, kind) = decode_key(&mut bytes).expect("a key");
            let mut fields = message.field.iter();
            let field = fields.find(|field| tag(field) == number);
            let field = field.unwrap_or_else(|| panic!("{} has no {number}", message.name()));
            if kind == WireType::SixtyFourBit {
                let (value, rest) = bytes.split_at(8);
                encode_key(number, kind, &mut newer);
                newer.extend_from_slice(value);
                bytes = rest;
                continue;
            }
            let value = decode_varint(&mut bytes).expect("a value");
            if kind == WireType::Varint {
                encode_key(number, WireType::Varint, &mut newer);
                encode_varint(value, &mut newer);
                continue;
            }
            assert_eq!(kind, WireType::LengthDelimited);
            let length = usize::try_from(value).expect("short");
            let (inner, rest) = bytes.split_at(length);
            bytes = rest;
            if field.r#type() == Type::Message {
                let inner = self.newer(self.of(field), inner);
                put_bytes(number, &inner, &mut newer);
            } else {
                put_bytes(number, inner, &mut newer);
            }
        }
        put_bytes(UNKNOWN, b"of a newer version", &mut newer);
        encode_key(UNKNOWN - 1, WireType::Varint, &mut newer);
        encode_varint(u64::MAX, &mut newer);
        newer
    }
}

/// Whether it is an alternative of a `oneof` that somebody wrote down.
fn is_arm(field: &FieldDescriptorProto) -> bool {
    field.oneof_index.is_some() && !field.proto3_optional()
}

fn tag(field: &FieldDescriptorProto) -> u32 {
    u32::try_from(field.number()).expect("a number")
}

/// The name below the package.
pub(crate) fn within(name: &str) -> &str {
    let name = name.trim_start_matches('.');
    name.strip_prefix(PACKAGE)
        .and_then(|name| name.strip_prefix('.'))
        .unwrap_or_else(|| panic!("{name} is of another package"))
}

/// A text that the domain takes in this place.
fn text(message: &str, field: &str) -> String {
    match (message, field) {
        ("AgentAccount", "id") | (_, "account") => "111111111111".to_owned(),
        (_, "region" | "regions") => "eu-west-1".to_owned(),
        ("ReleaseSpec", "task_definition")
        | (_, "digest" | "digests" | "image_digest" | "blob" | "accepted" | "missing") => {
            DIGEST.to_owned()
        }
        (_, "step") => "push".to_owned(),
        ("Phase", "phase") => "pulling".to_owned(),
        ("Mark", "what") => "created".to_owned(),
        ("Reason", "code") => "slot".to_owned(),
        ("TraceSpan", "what") => "call".to_owned(),
        ("TraceSpan", "id" | "parent" | "links") => "8 bytes.".to_owned(),
        (_, "commit") => COMMIT.to_owned(),
        (_, "kind") => "rollout".to_owned(),
        (_, name) => name.replace('_', "-"),
    }
}

fn put_bytes(number: u32, value: &[u8], bytes: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, bytes);
    encode_varint(value.len() as u64, bytes);
    bytes.extend_from_slice(value);
}

/// Numbers of the fields that are set.
pub(crate) fn numbers(mut bytes: &[u8]) -> BTreeSet<u32> {
    let mut numbers = BTreeSet::new();
    while !bytes.is_empty() {
        let (number, kind) = decode_key(&mut bytes).expect("a key");
        numbers.insert(number);
        let value = decode_varint(&mut bytes).expect("a value");
        if kind == WireType::LengthDelimited {
            bytes = &bytes[usize::try_from(value).expect("short")..];
        }
    }
    numbers
}
