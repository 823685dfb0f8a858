//! Three machines: a server, and two clients that have mounted its share. Or a cluster, all of which have mounted one disk.

use std::sync::{Mutex, PoisonError};

use crate::{
    bed::{Bed, FOLDER},
    machine::{Disk, Machine, Task},
};

/// A kind of share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// NFS 4.2 of the kernel.
    Nfs42,
    /// NFS 4.0 of the kernel.
    Nfs40,
    /// NFS 3 of the kernel.
    Nfs3,
    /// SMB 3.1.1 of Samba, without leases.
    Cifs,
    /// 9P of diod, over TCP.
    NineP,
    /// OCFS2 on one disk, in a cluster of the kernel's own (O2CB).
    Ocfs2,
}

/// Each kind, in the order of [`SITES`].
const SHARES: [Share; 6] = [
    Share::Nfs42,
    Share::Nfs40,
    Share::Nfs3,
    Share::Cifs,
    Share::NineP,
    Share::Ocfs2,
];

/// One site for each kind, which its tests share, since three kernels take some seconds to start. None is dropped: its bed
/// ends with this process.
static SITES: [Mutex<Option<Site>>; 6] = [const { Mutex::new(None) }; 6];

/// Where the clients see the share.
pub const MOUNTED: &str = "/media/share";
/// Where the server keeps it.
pub const EXPORTED: &str = "/media/disk/export";

const NFS_SERVER: &str = "
    /media/modprobe nfsd
    mkdir -p /media/disk/state/v4recovery /media/disk/state/sm
    mount --bind /media/disk/state /var/lib/nfs
    touch /var/lib/nfs/etab /var/lib/nfs/rmtab
    mount -t nfsd nfsd /proc/fs/nfsd
    rpcbind -w
    rpc.statd --no-notify
    # The shortest that the kernel takes.
    echo 10 > /proc/fs/nfsd/nfsv4leasetime
    echo 10 > /proc/fs/nfsd/nfsv4gracetime
    # The root of NFS 4: no folder above it can be exported, since hostfs cannot.
    exportfs -o rw,fsid=0,no_root_squash,no_subtree_check,crossmnt '*:/media/disk'
    # Another export below it is found where it is a mount.
    mount --bind /media/disk/squashed /media/disk/squashed
    exportfs -o rw,fsid=2,root_squash,no_subtree_check '*:/media/disk/squashed'
    rpc.nfsd 4
    rpc.mountd
    # At the first start there is no client to wait for.
    if [ ! -e /media/disk/started ]; then
        # It is refused where the period is over by now.
        echo Y > /proc/fs/nfsd/v4_end_grace || true
        touch /media/disk/started
    fi";

const SAMBA: &str = "
    mkdir -p /run/samba /media/disk/samba
    cat > /media/smb.conf <<END
[global]
    server role = standalone server
    map to guest = bad user
    guest account = root
    lock directory = /run/samba
    pid directory = /run/samba
    ncalrpc dir = /run/samba/ncalrpc
    state directory = /media/disk/samba
    cache directory = /run/samba
    private dir = /media/disk/samba
    log file = /run/samba/log
    disable spoolss = yes
    load printers = no
    smb ports = 445
[export]
    path = /media/disk/export
    guest ok = yes
    read only = no
    force user = root
    create mask = 0777
END
    smbd -D -s /media/smb.conf
    # It goes into the background before it listens at its port, here in hexadecimal digits.
    until cat /proc/net/tcp* | grep -q ':01BD '; do :; done";

const DIOD: &str = "
    diod -f -l 0.0.0.0:564 -e /media/disk/export -n -N > /run/diod.log 2>&1 < /dev/null &
    # Its port, in hexadecimal digits.
    until grep -q ':0234 ' /proc/net/tcp; do :; done";

/// Joins the cluster, and mounts its disk.
const O2CB: &str = "
    if [ ! -e /sys/kernel/config/cluster/bed ]; then
        for module in configfs ocfs2_stack_o2cb ocfs2; do /media/modprobe $module; done
        mount -t configfs configfs /sys/kernel/config
        echo o2cb > /sys/fs/ocfs2/cluster_stack
        mkdir /sys/kernel/config/cluster/bed
        cd /sys/kernel/config/cluster/bed
        # A machine is dead after 12 seconds without a heartbeat, and ends if it sees that it may be.
        echo 7 > heartbeat/dead_threshold
        echo panic > fence_method
        nth=1
        for node in server a b; do
            mkdir node/$node
            echo 10.9.0.$nth > node/$node/ipv4_address
            echo 7777 > node/$node/ipv4_port
            echo $nth > node/$node/num
            [ $node != $NAME ] || echo 1 > node/$node/local
            nth=$((nth + 1))
        done
        mount -t ocfs2 /dev/ubda /media/disk
    fi";

impl Share {
    /// Returns the script that makes the disk, of this image.
    fn format(self, image: &str) -> String {
        match self {
            Self::Ocfs2 => format!(
                "truncate --size 256M {image}
                mkfs.ocfs2 -q -F -N 3 -b 4K -C 4K -J size=8M --fs-feature-level=max-compat \
                    --cluster-stack=o2cb --cluster-name=bed {image}"
            ),
            _ => format!("truncate --size 64M {image}; mkfs.ext4 -q {image}"),
        }
    }

    /// Returns the disks of the server and of the clients.
    fn disks(self) -> [Disk; 2] {
        match self {
            Self::Ocfs2 => [Disk::Shared("server"); 2],
            _ => [Disk::Own("server"), Disk::None],
        }
    }

    /// Returns the script that mounts the disk on the server.
    fn mount_disk(self) -> &'static str {
        match self {
            Self::Ocfs2 => O2CB,
            _ => "mount /dev/ubda /media/disk",
        }
    }

    /// Returns the script that starts the server, on which the disk is mounted.
    fn serve(self) -> &'static str {
        match self {
            Self::Nfs42 | Self::Nfs40 | Self::Nfs3 => NFS_SERVER,
            Self::Cifs => SAMBA,
            Self::NineP => DIOD,
            Self::Ocfs2 => "",
        }
    }

    /// Returns the script that mounts a folder of the server's disk at a folder of a client.
    #[must_use]
    pub fn mount(self, folder: &str, at: &str, options: &str) -> String {
        let server = "10.9.0.1";
        let v4 = |version: &str| {
            format!(
                "/media/modprobe nfsv4
                mount -i -t nfs4 -o vers={version},clientaddr=$ADDRESS,addr={server}{options} {server}:/{folder} {at}"
            )
        };
        match self {
            Self::Nfs42 => v4("4.2"),
            Self::Nfs40 => v4("4.0"),
            Self::Nfs3 => format!(
                "/media/modprobe nfsv3
                if [ ! -e /var/lib/nfs/sm ]; then
                    mkdir /var/lib/nfs/sm
                    rpcbind -w
                    rpc.statd --no-notify
                fi
                mount -t nfs -o vers=3{options} {server}:/media/disk/{folder} {at}"
            ),
            Self::Cifs => format!(
                "/media/modprobe cifs
                # The first process of the server may need longer to answer than the client waits for it.
                for try in 1 2 3 4 5 6 7 8; do
                    mount -t cifs -o guest,vers=3.1.1,nolease{options} //{server}/{folder} {at} && break
                done
                mountpoint -q {at}"
            ),
            Self::NineP => format!(
                "/media/modprobe 9p
                /media/modprobe 9pnet_fd
                mount -t 9p -o trans=tcp,port=564,version=9p2000.L,uname=root,access=user,aname=/media/disk/{folder}{options} {server} {at}"
            ),
            Self::Ocfs2 => format!(
                "{O2CB}
                mount --bind /media/disk/{folder} {at}
                mount -o remount,bind{options} {at}"
            ),
        }
    }
}

/// The machines of one share.
pub struct Site {
    share: Share,
    directories: u32,
    /// Their bed.
    pub bed: Bed,
    /// The server, which has the disk.
    pub server: Machine,
    /// A client.
    pub a: Machine,
    /// Another client.
    pub b: Machine,
}

/// Runs a test with the site of a share, all machines of which run, are connected and have mounted it.
///
/// # Panics
/// If the test does, or the site cannot be made.
pub fn with(share: Share, test: impl FnOnce(&mut Site)) {
    let nth = SHARES.iter().position(|it| *it == share);
    let site = &SITES[nth.expect("each kind is there")];
    let mut site = site.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
        // What a failed test has left is no site for others.
        site.clear_poison();
        let mut site = poisoned.into_inner();
        *site = None;
        site
    });
    let site = site.get_or_insert_with(|| Site::new(share));
    site.restore();
    test(site);
}

impl Site {
    fn new(share: Share) -> Self {
        let bed = Bed::new();
        bed.run(&share.format(&format!("{FOLDER}/server")));
        let machine = |name, number, disk| Machine::new(&bed, name, number, disk);
        let [of_server, of_client] = share.disks();
        Self {
            share,
            directories: 0,
            server: machine("server", 1, of_server),
            a: machine("a", 2, of_client),
            b: machine("b", 3, of_client),
            bed,
        }
    }

    /// Returns its kind.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// Starts what does not run, and connects all.
    ///
    /// # Panics
    /// If that fails.
    pub fn restore(&mut self) {
        self.bed.mend();
        let from = self.bed.log.len();
        let mut machines = [&mut self.server, &mut self.a, &mut self.b];
        let started = machines.each_mut().map(|machine| {
            let starts = !machine.runs();
            if starts {
                machine.start(&self.bed);
            }
            starts
        });
        let [server, a, b] = machines.map(|it| &*it);
        for (machine, started) in [server, a, b].into_iter().zip(started) {
            if started {
                machine.wait_until_ready(&self.bed, from);
            }
        }
        if started[0] {
            server.run(self.share.mount_disk());
            server.run("cd /media/disk; mkdir -p export squashed");
            server.run(self.share.serve());
        }
        let mount = self.share.mount("export", MOUNTED, "");
        let clients = [a, b].into_iter().zip(&started[1..]);
        let mounts: Vec<Task> = clients
            .filter(|(_, started)| **started)
            .map(|(client, _)| client.spawn(&["sh", "-ec", &mount]))
            .collect();
        for mount in mounts {
            let ended = mount.ended();
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
    }

    /// Makes a directory in the share, and returns its name there.
    ///
    /// # Panics
    /// If that fails.
    pub fn directory(&mut self) -> String {
        self.directories += 1;
        let name = format!("directory-{}", self.directories);
        self.a.run(&format!("mkdir {MOUNTED}/{name}"));
        name
    }
}
