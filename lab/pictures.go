package main

func writePictures(dir string) error { return nil }
