package main

import (
	"archive/tar"
	"bytes"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
)

const (
	contextLimit = 2 << 20 // a flow's context has some 150 kB
	filesLimit   = 1000
	dockerfile   = "flows/Dockerfile"
	// The project's own. The folder is mounted, not the file: an editor that writes a file anew would leave the old one here.
	ownDockerfile = "/etc/trainyard/flows/Dockerfile"
)

var (
	buildFile   = regexp.MustCompile(`^(COMMIT|flows/Dockerfile|flows/([a-z0-9_]+/)*[a-z0-9_]+\.py)$`)
	buildFolder = regexp.MustCompile(`^flows/([a-z0-9_]+/)*$`)
	trueOrFalse = regexp.MustCompile(`^(True|False)$`)
	buildKeys   = keys{
		"q": literally("False"), "rm": literally("True"), "forcerm": literally("True"), "pull": literally("False"),
		"nocache":    trueOrFalse,
		"dockerfile": literally(url.QueryEscape(dockerfile)),
		"labels":     regexp.MustCompile(`^%7B%22io\.prefect\.version%22%3A\+%22([0-9a-z.]{1,32})%22%7D$`),
	}
)

// build makes an image by the project's own Dockerfile, from files of flows/, without a network.
func build(_ *proxy, r request) (call, error) {
	values, err := buildKeys.read(r.query)
	if err != nil {
		return call{}, err
	}
	context, err := rewriteContext(r.body)
	if err != nil {
		return call{}, err
	}
	version := buildKeys["labels"].FindStringSubmatch(values["labels"])[1]
	query := url.Values{
		"dockerfile": {dockerfile}, "nocache": {strings.ToLower(values["nocache"])}, "rm": {"1"}, "forcerm": {"1"},
		"labels":      {`{"io.prefect.version":"` + version + `"}`},
		"networkmode": {"none"},
		"memory":      {"1073741824"}, "memswap": {"1073741824"},
	}
	return call{method: "POST", path: "/build", query: query, contentType: "application/tar", body: context}, nil
}

// rewriteContext reads the client's tar and writes another one of the same files, whose headers hold nothing else.
func rewriteContext(sent []byte) ([]byte, error) {
	own, err := os.ReadFile(ownDockerfile)
	if err != nil {
		return nil, err
	}
	source := bytes.NewReader(sent)
	reader := tar.NewReader(source)
	var context bytes.Buffer
	context.Grow(len(sent))
	writer := tar.NewWriter(&context)
	seen := map[string]bool{}
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, refuse(403, "the context is not a plain tar: %v", err)
		}
		clean, err := cleanHeader(header, seen)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, refuse(403, "the context is not a plain tar: %v", err)
		}
		if clean.Name == dockerfile && !bytes.Equal(content, own) {
			return nil, refuse(403, "%s in the context is not the project's own", dockerfile)
		}
		if err := writer.WriteHeader(clean); err != nil {
			return nil, err
		}
		if _, err := writer.Write(content); err != nil {
			return nil, err
		}
	}
	if rest := sent[len(sent)-source.Len():]; len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, refuse(403, "something stands behind the end of the context")
	}
	if !seen[dockerfile] {
		return nil, refuse(403, "the context has no %s", dockerfile)
	}
	return context.Bytes(), writer.Close()
}

// cleanHeader is a new header of the same file or folder, if there may be one of its kind and name.
func cleanHeader(header *tar.Header, seen map[string]bool) (*tar.Header, error) {
	for record := range header.PAXRecords {
		if record != "mtime" { // Python writes times with fractions
			return nil, refuse(403, "%q has the tar record %q", header.Name, record)
		}
	}
	clean := &tar.Header{Typeflag: header.Typeflag, Name: header.Name, Size: header.Size, Mode: 0o644, Format: tar.FormatUSTAR}
	switch {
	case header.Typeflag == tar.TypeReg && buildFile.MatchString(header.Name):
	case header.Typeflag == tar.TypeDir && header.Size == 0 && buildFolder.MatchString(strings.TrimSuffix(header.Name, "/")+"/"):
		clean.Name, clean.Mode = strings.TrimSuffix(header.Name, "/")+"/", 0o755
	default:
		return nil, refuse(403, "%q may not be in the context: it holds COMMIT, %s and Python files of flows/", header.Name, dockerfile)
	}
	if seen[clean.Name] || len(seen) == filesLimit {
		return nil, refuse(403, "%q is in the context twice, or it has more than %d files", clean.Name, filesLimit)
	}
	seen[clean.Name] = true
	return clean, nil
}
