#include "router/report_mask.h"

#include <string>

namespace shunt {
namespace {

void MaskStream(const Masker& masker, StreamDescriptor* stream) {
  stream->name = masker.MaskLine(stream->name);
  if (stream->name_space) *stream->name_space = masker.MaskLine(*stream->name_space);
}

}  // namespace

void MaskReport(const Masker& masker, Report* report) {
  for (std::string* command : {&report->source.command, &report->destination.command}) {
    *command = masker.MaskLine(*command);
  }
  for (UnknownStreamReport& unknown : report->unknown_streams) {
    MaskStream(masker, &unknown.stream);
  }
  for (UnknownTypeReport& type : report->unknown_types) type.type = masker.MaskLine(type.type);
  for (AnalyticsReport& event : report->analytics) event.type = masker.MaskLine(event.type);
  for (std::string& alert : report->control.alerts) alert = masker.MaskLine(alert);
  for (Failure& failure : report->failures) {
    for (std::string* text :
         {&failure.type, &failure.message, &failure.internal_message, &failure.stack_trace}) {
      *text = masker.MaskLine(*text);
    }
    if (failure.stream) MaskStream(masker, &*failure.stream);
  }
}

}  // namespace shunt
