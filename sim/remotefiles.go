package sim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
)

// IssueFile has a hub make a file with PSRD for a client, with size bytes for each pool, and writes
// the file to to. Once the hub has made it, its bytes are in no other file, even if IssueFile
// fails.
func (r Remote) IssueFile(ctx context.Context, hubName, clientName string, size int, to io.Writer) (number int64, err error) {
	order, err := json.Marshal(hub.FileOrder{ClientName: clientName, Size: size})
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+node.Prefix(node.KindHub, hubName)+node.PathFiles, bytes.NewReader(order))
	if err != nil {
		return 0, err
	}
	response, err := r.do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if number, err = strconv.ParseInt(response.Header.Get(node.FileHeader), 10, 64); err != nil {
		return 0, errors.New("the answer of the hub is not a file")
	}
	_, err = io.Copy(to, response.Body)
	return number, err
}

// IngestFile has a client take in a file.
func (r Remote) IngestFile(ctx context.Context, clientName string, file io.Reader) (taken client.FileTaken, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+node.Prefix(node.KindClient, clientName)+node.PathFiles, file)
	if err != nil {
		return taken, err
	}
	response, err := r.do(request)
	if err != nil {
		return taken, err
	}
	defer response.Body.Close()
	return taken, json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&taken)
}

// RevokeFile has a hub give up a file that is out.
func (r Remote) RevokeFile(ctx context.Context, hubName, clientName string, number int64) error {
	path := fmt.Sprintf("%s%s/%s/%d", node.Prefix(node.KindHub, hubName), node.PathFiles, url.PathEscape(clientName), number)
	_, err := r.call(ctx, http.MethodDelete, path, "")
	return err
}

// FilesOfHub returns the list of a hub's files.
func (r Remote) FilesOfHub(ctx context.Context, name string) (list hub.FileList, err error) {
	err = r.get(ctx, node.Prefix(node.KindHub, name)+node.PathFiles, &list)
	return list, err
}

// FilesOfClient returns the list of a client's files.
func (r Remote) FilesOfClient(ctx context.Context, name string) (list client.FileList, err error) {
	err = r.get(ctx, node.Prefix(node.KindClient, name)+node.PathFiles, &list)
	return list, err
}

// do makes a request and returns the response, whose body the caller closes. A status other than
// 200 is a [node.Error].
func (r Remote) do(request *http.Request) (*http.Response, error) {
	response, err := cmp.Or(r.HTTP, http.DefaultClient).Do(request)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil {
		err = node.DecodeError(response.StatusCode, body)
	}
	return nil, err
}
