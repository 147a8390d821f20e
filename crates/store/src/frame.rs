//! What is around every record: a format byte, and a checksum over key, format and content.

use prost::Message;

use crate::error::{Damage, StoreError};
use crate::key::InWords;

/// The format that is written: protobuf messages of `shipway.store.v1`.
pub(crate) const FORMAT: u8 = 1;
/// Bytes before the content: format, then CRC-32 (IEEE), little-endian.
const HEADER: usize = 5;

/// Appends the record to `buffer` and says how many bytes it took.
pub(crate) fn write(buffer: &mut Vec<u8>, key: &[u8], message: &impl Message) -> usize {
    let start = buffer.len();
    buffer.extend_from_slice(&[FORMAT, 0, 0, 0, 0]);
    message.encode(buffer).expect("a Vec always has room");
    let sum = checksum(key, FORMAT, &buffer[start + HEADER..]);
    buffer[start + 1..start + HEADER].copy_from_slice(&sum.to_le_bytes());
    buffer.len() - start
}

/// Why a record cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is intact, but of a newer format.
    Newer(u8),
    /// It is damaged.
    Damaged(Damage),
}

impl Unreadable {
    /// The error about the record with this key.
    pub(crate) fn about(self, key: &[u8]) -> StoreError {
        let what = InWords(key).to_string();
        match self {
            Self::Newer(found) => StoreError::NewerFormat {
                what,
                found,
                known: FORMAT,
            },
            Self::Damaged(source) => StoreError::Damaged { what, source },
        }
    }
}

/// Reads a record: frame, message, meaning.
pub(crate) fn read<M, T>(key: &[u8], value: &[u8]) -> Result<T, Unreadable>
where
    M: Message + Default,
    T: TryFrom<M>,
    T::Error: Into<Damage>,
{
    T::try_from(decode(key, value)?).map_err(|error| Unreadable::Damaged(error.into()))
}

/// Reads the message of a record.
pub(crate) fn decode<M: Message + Default>(key: &[u8], value: &[u8]) -> Result<M, Unreadable> {
    M::decode(content(key, value)?)
        .map_err(|error| Unreadable::Damaged(Damage::Encoding(error.to_string())))
}

/// The content of a record whose frame is right.
fn content<'a>(key: &[u8], value: &'a [u8]) -> Result<&'a [u8], Unreadable> {
    let Some((header, content)) = value.split_first_chunk::<HEADER>() else {
        return Err(Unreadable::Damaged(Damage::Short));
    };
    let [format, sum @ ..] = *header;
    if checksum(key, format, content) != u32::from_le_bytes(sum) {
        return Err(Unreadable::Damaged(Damage::Checksum));
    }
    if format != FORMAT {
        return Err(Unreadable::Newer(format));
    }
    Ok(content)
}

fn checksum(key: &[u8], format: u8, content: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(&[format]);
    sum.update(content);
    sum.finalize()
}
