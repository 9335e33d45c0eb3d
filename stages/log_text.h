// What a line of text that somebody logged is: how grave, and whether it quotes a record. Guesses,
// made without parsing; pure functions of the text.
#pragma once

#include <optional>
#include <string_view>

#include "stages/event_sink.h"

namespace shunt {

// The level that a line of text names where loggers put it:
//   ERROR something        WARN: something        warning: something        [INFO] something
//   2024-05-06 07:08:09,123 [main] WARN i.a.C - x  12:00:01 - airbyte - DEBUG - x
//   {"level":"info",...}   {"severity":"ERROR",...}   SomeDeprecationWarning: x   ValueError: x
// and Traceback, Exception in thread, Caused by: for errors. Names as log4j, Python, Go, syslog and
// java.util.logging have them. Empty when it names none.
std::optional<LogLevel> GuessLogLevel(std::string_view text);

// Whether the line goes on with the one before it, as stack traces do: it is indented.
bool IsContinuation(std::string_view text);

// The level of a LOG message, found without parsing it: for deciding how soon it may be dropped,
// and nothing else. Empty when it is not where every connector has it.
std::optional<LogLevel> PeekLogLevel(std::string_view log_message);

// Whether text quotes a RECORD message, whole or cut: `"type":"RECORD"` or `"record":{`, also with
// blanks, escaped quotes or single ones. Such a line may hold somebody's data.
bool QuotesRecord(std::string_view text);

}  // namespace shunt
