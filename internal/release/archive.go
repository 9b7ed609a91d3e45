package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"strings"
	"time"
)

type file struct {
	name string
	mode int64
	data []byte
}

// archive returns an archive of files, whose bytes depend on nothing else, and its name: a zip for Windows, a tar.gz for
// others. Its names are flat, so that a container's recipe can unpack it where it is.
func archive(version, system string, files []file, day time.Time) (name string, data []byte, err error) {
	name = "retry_" + strings.TrimPrefix(version, "v") + "_" + strings.ReplaceAll(system, "/", "_")
	if strings.HasPrefix(system, "windows/") {
		data, err = zipped(files, day)
		return name + ".zip", data, err
	}
	data, err = tarred(files, day)
	return name + ".tar.gz", data, err
}

func zipped(files []file, day time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		into, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: day.UTC()})
		if err != nil {
			return nil, err
		}
		if _, err := into.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func tarred(files []file, day time.Time) ([]byte, error) {
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: day.UTC()}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	err := g.Close()
	return b.Bytes(), err
}
