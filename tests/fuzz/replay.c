/* SPDX-License-Identifier: ISC */
/*
 * Runs files, or all files of directories, through a fuzz target with any compiler.
 * The first octet behind an input belongs to nobody, so that a sanitizer sees what
 * reads too far.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long inputs;

static void replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);

	if (!file || !data || fread(data, 1, size, file) != size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	/* When it crashes, the last line names the input. */
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	inputs++;
}

static void replay(const char *path)
{
	struct dirent **names;
	struct stat stat_buffer;
	char below[4096];
	int count;

	if (stat(path, &stat_buffer) < 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(stat_buffer.st_mode)) {
		replay_file(path, (size_t)stat_buffer.st_size);
		return;
	}
	count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name);
			replay(below);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
