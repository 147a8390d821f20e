//! What the data directory lies on: some file systems do not keep what they promise to sync.

use crate::data_dir::DataDir;

impl DataDir {
    /// The kind of file system that it lies on, when acknowledged data may be lost there in a power
    /// failure: network and FUSE file systems, and btrfs, where the database is known to suffer
    /// (engineering-facts 1).
    #[must_use]
    pub fn unfit(&self) -> Option<&'static str> {
        let disk = rustix::fs::statfs(self.path()).ok()?;
        // The width of the number differs between platforms; the magic numbers fit 32 bits.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "magic numbers of file systems have 32 bits"
        )]
        let magic = disk.f_type as u32;
        unfit(magic)
    }
}

/// The name of an unfit file system, by its magic number (statfs(2), `linux/magic.h`).
const fn unfit(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "SMB",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x0116_1970 => "GFS2",
        0x7461_636f => "OCFS2",
        0x0bd0_0bd0 => "Lustre",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9p",
        0x00c3_6400 => "Ceph",
        0x9123_683e => "btrfs (unless copy-on-write is off for the folder)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::unfit;

    #[test]
    fn network_fuse_and_btrfs_are_unfit() {
        for (magic, name) in [
            (0x6969, "NFS"),
            (0xff53_4d42, "SMB"),
            (0x6573_5546, "FUSE"),
            (0x0102_1997, "9p"),
            (0x00c3_6400, "Ceph"),
        ] {
            assert_eq!(unfit(magic), Some(name));
        }
        assert!(unfit(0x9123_683e).is_some_and(|name| name.starts_with("btrfs")));
    }

    #[test]
    fn ext4_xfs_zfs_and_memory_are_fit() {
        for magic in [0xef53, 0x5846_5342, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630] {
            assert_eq!(unfit(magic), None, "{magic:x}");
        }
    }
}
