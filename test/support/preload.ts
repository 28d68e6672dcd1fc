import "bun:test";
