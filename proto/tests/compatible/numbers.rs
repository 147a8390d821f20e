//! Every number and type that the wire ever had, as lines of text.

use std::collections::BTreeSet;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

use crate::files;
use crate::schema::{Schema, within};

const FILE: &str = "numbers.txt";

/// Lines of today.
pub(crate) fn of(schema: &Schema) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for file in &schema.0.file {
        for message in &file.message_type {
            fields(message.name(), message, &mut lines);
        }
        for words in &file.enum_type {
            values(words, &mut lines);
        }
        for service in &file.service {
            for call in &service.method {
                let stream = |is: bool| if is { "stream " } else { "" };
                lines.insert(format!(
                    "call {}/{} {}{} gives {}{}",
                    service.name(),
                    call.name(),
                    stream(call.client_streaming()),
                    within(call.input_type()),
                    stream(call.server_streaming()),
                    within(call.output_type()),
                ));
            }
        }
    }
    lines
}

fn fields(name: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    for field in &message.field {
        lines.insert(format!(
            "{name} {} {} {}",
            field.number(),
            field.name(),
            kind(field)
        ));
    }
    for inner in &message.nested_type {
        fields(&format!("{name}.{}", inner.name()), inner, lines);
    }
    message
        .enum_type
        .iter()
        .for_each(|words| values(words, lines));
}

fn kind(field: &FieldDescriptorProto) -> String {
    let many = if field.label() == Label::Repeated {
        "repeated "
    } else {
        ""
    };
    let kind = match field.r#type() {
        Type::Message | Type::Enum => within(field.type_name()).to_owned(),
        other => format!("{other:?}").to_lowercase(),
    };
    format!("{many}{kind}")
}

fn values(words: &EnumDescriptorProto, lines: &mut BTreeSet<String>) {
    for value in &words.value {
        lines.insert(format!(
            "enum {} {} {}",
            words.name(),
            value.number(),
            value.name()
        ));
    }
}

/// Lines that are kept.
pub(crate) fn kept() -> BTreeSet<String> {
    let text = std::fs::read_to_string(files::folder().join(FILE)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Keeps these lines.
pub(crate) fn keep(lines: &BTreeSet<String>) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(files::folder().join(FILE), text).expect("written");
}
