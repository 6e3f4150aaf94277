package protocol

import "errors"

// The reasons why a node refuses a message, besides those of package psrd.
var (
	ErrMalformed              = errors.New("malformed message")
	ErrSuite                  = errors.New("message of another suite")
	ErrSignature              = errors.New("signature is missing or wrong")
	ErrUnsigned               = errors.New("answer without a valid signature")
	ErrNotEnrolled            = errors.New("client is not enrolled")
	ErrEncryptorNotEnrolled   = errors.New("encryptor is not enrolled for that client")
	ErrClientNotRegistered    = errors.New("client is not registered")
	ErrEncryptorNotRegistered = errors.New("encryptor is not registered for that client")
	ErrWrongToken             = errors.New("name belongs to another client")
	ErrNotMeantForCaller      = errors.New("share is not meant for the caller")
	ErrUnknownKey             = errors.New("unknown key ID")
	ErrUnknownEncryptor       = errors.New("unknown encryptor")
	ErrUnknownHub             = errors.New("hub does not belong to this client")
	ErrDuplicateKey           = errors.New("a share for that key ID is already there")
	ErrStopped                = errors.New("node is stopped")
	ErrFull                   = errors.New("no more is kept for that client")
	ErrTooLarge               = errors.New("request is over its limit")
	ErrNoSession              = errors.New("hub has started since the last session: resume first")
	ErrOldSession             = errors.New("not of the current session: resume first")
	ErrStorage                = errors.New("storage failed")
	ErrUnknownParcel          = errors.New("no such file with PSRD is out")
	ErrTooManyOut             = errors.New("too many files with PSRD are out")
	ErrNoRecipient            = errors.New("that client has no recipient to seal files for")
)
