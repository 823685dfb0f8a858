//! Each row of a share.

use lockhost_kernel_tests::site::Share;

use crate::{kept_open, mounts, races, scenario, server_locks};

/// Makes the tests of what holds on each share.
macro_rules! on_each {
    ($share:expr, $missing:ident, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn of_machines_that_race_one_owns_at_a_time() {
            races::on($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_killed_owner_is_replaced_by_its_machine_alone() {
            scenario::owner_killed($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn an_owner_whose_machine_died_needs_a_person() {
            scenario::machine_killed($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_machine_that_saw_a_broken_lock_reclaims_no_other() {
            scenario::broken_elsewhere($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_directory_that_is_gone_is_a_failure() {
            scenario::directory_gone($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_share_that_is_read_only_is_a_failure() {
            mounts::read_only($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_name_that_was_looked_up_before_hides_no_owner() {
            scenario::looked_up_before($share);
        }
    };
}

/// Makes the tests of what holds where a file loses its name while a process has it open. On SMB it keeps the name until then.
macro_rules! where_open_files_are_removed {
    ($share:expr, $missing:ident, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn beside_a_file_that_is_kept_open_one_owns_at_a_time() {
            kept_open::then_raced($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_broken_lock_that_is_kept_open_is_reclaimed_by_none() {
            kept_open::then_broken($share);
        }
    };
}

/// Makes the tests of what holds where a server serves clients, and each of them may be away.
macro_rules! where_it_is_served {
    ($share:expr, $missing:ident, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn an_owner_that_is_cut_off_keeps_the_lock() {
            scenario::cut_off($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn an_owner_that_is_paused_keeps_the_lock() {
            scenario::paused($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_servers_lock_of_a_killed_machine() {
            server_locks::machine_killed($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_servers_lock_of_a_machine_that_is_away() {
            server_locks::machine_away($share);
        }
    };
}

/// Makes the tests of what holds where a client reconnects to a server that was started again.
macro_rules! where_it_reconnects {
    ($share:expr, $missing:ident, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn an_owner_keeps_the_lock_while_its_server_restarts() {
            scenario::server_restarted($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn on_a_dead_mount_a_signal_ends_an_attempt() {
            scenario::dead_mount($share);
        }
    };
}

/// Makes the tests of what holds where each client has a server of FUSE over the share.
macro_rules! by_fuse {
    ($share:expr, $missing:meta, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn by_fuse_over_it_the_owner_is_respected_and_replaced() {
            mounts::fuse_over($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn by_fuse_over_it_a_lock_that_was_broken_is_reclaimed_by_none() {
            mounts::broken_under_fuse($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn by_fuse_over_it_one_of_all_that_race_owns_at_a_time() {
            races::in_fuse_over($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn by_fuse_over_it_names_and_attributes_are_cached() {
            mounts::cached($share);
        }
    };
}

/// Makes the tests of what NFS alone has.
macro_rules! on_nfs {
    ($share:expr, $missing:ident, $why:literal) => {
        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_squashed_root_gets_in_where_its_user_may_write() {
            mounts::root_squash($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn an_attempt_on_a_dead_soft_mount_fails() {
            mounts::soft_mount($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn a_lock_file_that_is_open_is_renamed_and_hinders_none() {
            kept_open::then_renamed($share);
        }

        #[test]
        #[cfg_attr($missing, ignore = $why)]
        fn limit_a_removal_that_is_sent_twice_removes_the_next_lock() {
            mounts::removed_twice($share);
        }
    };
}

mod nfs_4_2 {
    use super::*;

    on_each!(
        Share::Nfs42,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_open_files_are_removed!(
        Share::Nfs42,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_is_served!(
        Share::Nfs42,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_reconnects!(
        Share::Nfs42,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    by_fuse!(
        Share::Nfs42,
        any(no_kernels_or_nfs, no_kernels_or_fuse),
        "needs root, user-mode-linux, nfs-kernel-server, bindfs and mergerfs"
    );
    on_nfs!(
        Share::Nfs42,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
}

mod nfs_4_0 {
    use super::*;

    on_each!(
        Share::Nfs40,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_open_files_are_removed!(
        Share::Nfs40,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_is_served!(
        Share::Nfs40,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_reconnects!(
        Share::Nfs40,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    by_fuse!(
        Share::Nfs40,
        any(no_kernels_or_nfs, no_kernels_or_fuse),
        "needs root, user-mode-linux, nfs-kernel-server, bindfs and mergerfs"
    );
    on_nfs!(
        Share::Nfs40,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
}

mod nfs_3 {
    use super::*;

    on_each!(
        Share::Nfs3,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_open_files_are_removed!(
        Share::Nfs3,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_is_served!(
        Share::Nfs3,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    where_it_reconnects!(
        Share::Nfs3,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
    by_fuse!(
        Share::Nfs3,
        any(no_kernels_or_nfs, no_kernels_or_fuse),
        "needs root, user-mode-linux, nfs-kernel-server, bindfs and mergerfs"
    );
    on_nfs!(
        Share::Nfs3,
        no_kernels_or_nfs,
        "needs root, user-mode-linux and nfs-kernel-server"
    );
}

mod nfs_3_with_local_locks {
    use super::*;

    #[test]
    #[cfg_attr(
        no_kernels_or_nfs,
        ignore = "needs root, user-mode-linux and nfs-kernel-server"
    )]
    fn with_nolock_the_owner_is_respected_and_replaced() {
        mounts::local_locks("nolock");
    }

    #[test]
    #[cfg_attr(
        no_kernels_or_nfs,
        ignore = "needs root, user-mode-linux and nfs-kernel-server"
    )]
    fn with_local_lock_the_owner_is_respected_and_replaced() {
        mounts::local_locks("local_lock=all");
    }
}

mod cifs {
    use super::*;

    on_each!(
        Share::Cifs,
        no_kernels_or_samba,
        "needs root, user-mode-linux, samba and cifs-utils"
    );
    where_it_is_served!(
        Share::Cifs,
        no_kernels_or_samba,
        "needs root, user-mode-linux, samba and cifs-utils"
    );
    where_it_reconnects!(
        Share::Cifs,
        no_kernels_or_samba,
        "needs root, user-mode-linux, samba and cifs-utils"
    );

    #[test]
    #[cfg_attr(
        no_kernels_or_samba,
        ignore = "needs root, user-mode-linux, samba and cifs-utils"
    )]
    fn with_leases_the_owner_is_respected_and_replaced() {
        mounts::leases();
    }
}

mod nine_p {
    use super::*;

    on_each!(
        Share::NineP,
        no_kernels_or_diod,
        "needs root, user-mode-linux and diod"
    );
    where_open_files_are_removed!(
        Share::NineP,
        no_kernels_or_diod,
        "needs root, user-mode-linux and diod"
    );
    where_it_is_served!(
        Share::NineP,
        no_kernels_or_diod,
        "needs root, user-mode-linux and diod"
    );

    #[test]
    #[cfg_attr(no_kernels_or_diod, ignore = "needs root, user-mode-linux and diod")]
    fn limit_on_a_dead_mount_no_signal_ends_an_attempt() {
        scenario::dead_for_all_signals(Share::NineP);
    }

    #[test]
    #[cfg_attr(no_kernels_or_diod, ignore = "needs root, user-mode-linux and diod")]
    fn limit_once_its_server_restarts_a_share_is_mounted_anew() {
        scenario::server_lost(Share::NineP);
    }
}

mod ocfs2 {
    use super::*;

    on_each!(
        Share::Ocfs2,
        no_kernels_or_ocfs2,
        "needs root, user-mode-linux and ocfs2-tools"
    );
    where_open_files_are_removed!(
        Share::Ocfs2,
        no_kernels_or_ocfs2,
        "needs root, user-mode-linux and ocfs2-tools"
    );

    #[test]
    #[cfg_attr(
        no_kernels_or_ocfs2,
        ignore = "needs root, user-mode-linux and ocfs2-tools"
    )]
    fn a_machine_that_is_cut_off_ends_and_its_owner_needs_a_person() {
        scenario::fenced(Share::Ocfs2);
    }
}
