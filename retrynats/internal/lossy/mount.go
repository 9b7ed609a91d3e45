//go:build linux

package main

import (
	"context"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// mount mounts the disk, without a program of the system's, which needs root.
func mount(d *disk, dir string) (*fuse.Server, error) {
	zero := time.Duration(0)
	return fs.Mount(dir, &inode{d: d, n: d.root}, &fs.Options{AttrTimeout: &zero, EntryTimeout: &zero, NegativeTimeout: &zero, RootStableAttr: &fs.StableAttr{Ino: d.root.ino},
		MountOptions: fuse.MountOptions{FsName: "lossy", Name: "lossy", DirectMountStrict: true}})
}

// An inode is a node as FUSE wants it.
type inode struct {
	fs.Inode
	d *disk
	n *node
}

// A handle is an open file. One that was opened with O_SYNC is synced by each write.
type handle struct{ sync bool }

func (i *inode) lock() func() { i.d.mu.Lock(); return i.d.mu.Unlock }

func (n *node) attr(a *fuse.Attr) {
	a.Ino, a.Mode, a.Nlink, a.Size = n.ino, n.kind()|n.mod, 1, uint64(len(n.data))
	a.Blocks = (a.Size + 511) / 512
}

func (n *node) kind() uint32 {
	if n.dir {
		return syscall.S_IFDIR
	}
	return syscall.S_IFREG
}

func (i *inode) child(ctx context.Context, n *node, out *fuse.EntryOut) *fs.Inode {
	n.attr(&out.Attr)
	return i.NewInode(ctx, &inode{d: i.d, n: n}, fs.StableAttr{Mode: n.kind(), Ino: n.ino})
}

func (i *inode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	defer i.lock()()
	i.n.attr(&out.Attr)
	return 0
}

func (i *inode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	defer i.lock()()
	if m, ok := in.GetMode(); ok {
		i.n.mod = m & 0o7777
	}
	if size, ok := in.GetSize(); ok {
		i.n.write(write{at: int(size)})
	}
	i.n.attr(&out.Attr)
	return 0
}

func (i *inode) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Blocks, out.Bfree, out.Bavail, out.NameLen = 4096, 1<<24, 1<<24, 1<<24, 255
	return 0
}

func (i *inode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	defer i.lock()()
	n := i.n.names[name]
	if n == nil {
		return nil, syscall.ENOENT
	}
	return i.child(ctx, n, out), 0
}

func (i *inode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	defer i.lock()()
	var es []fuse.DirEntry
	for name, n := range i.n.names {
		es = append(es, fuse.DirEntry{Name: name, Mode: n.kind(), Ino: n.ino})
	}
	return fs.NewListDirStream(es), 0
}

func (i *inode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	defer i.lock()()
	n := i.d.node(true, mode&0o7777)
	i.d.set(i.n, name, n)
	return i.child(ctx, n, out), 0
}

func (i *inode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	defer i.lock()()
	n := i.d.node(false, mode&0o7777)
	i.d.set(i.n, name, n)
	return i.child(ctx, n, out), handle{flags&syscall.O_DSYNC != 0}, 0, 0
}

func (i *inode) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	defer i.lock()()
	if flags&syscall.O_TRUNC != 0 {
		i.n.write(write{at: 0})
	}
	return handle{flags&syscall.O_DSYNC != 0}, 0, 0
}

func (i *inode) Read(_ context.Context, _ fs.FileHandle, b []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	defer i.lock()()
	if off >= int64(len(i.n.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(b[:copy(b, i.n.data[off:])]), 0
}

func (i *inode) Write(_ context.Context, h fs.FileHandle, b []byte, off int64) (uint32, syscall.Errno) {
	defer i.lock()()
	i.n.write(write{int(off), append([]byte{}, b...)})
	if h, ok := h.(handle); ok && h.sync {
		i.d.sync(i.n)
	}
	return uint32(len(b)), 0
}

func (i *inode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	defer i.lock()()
	i.d.sync(i.n)
	return 0
}

func (i *inode) Unlink(_ context.Context, name string) syscall.Errno { return i.remove(name) }
func (i *inode) Rmdir(_ context.Context, name string) syscall.Errno  { return i.remove(name) }

func (i *inode) remove(name string) syscall.Errno {
	defer i.lock()()
	n := i.n.names[name]
	if n == nil {
		return syscall.ENOENT
	}
	if len(n.names) > 0 {
		return syscall.ENOTEMPTY
	}
	i.d.set(i.n, name, nil)
	return 0
}

func (i *inode) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	defer i.lock()()
	n, dir := i.n.names[name], to.(*inode).n
	if n == nil {
		return syscall.ENOENT
	}
	if flags != 0 {
		return syscall.EINVAL
	}
	if old := dir.names[newName]; old != nil && len(old.names) > 0 {
		return syscall.ENOTEMPTY
	}
	i.d.set(i.n, name, nil)
	i.d.set(dir, newName, n)
	return 0
}
