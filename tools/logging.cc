#include "tools/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace keyledger {
namespace {

LogFormat chosen_format = LogFormat::kText;

// In JSON every line is one object, also what a library logs: its text becomes "message". Our own
// lines arrive as ready members, marked by the name of the logger.
constexpr const char* kStructured = "structured";

class JsonMembers : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&,
              spdlog::memory_buf_t& out) override {
    std::string members(line.payload.data(), line.payload.size());
    if (line.logger_name != kStructured) {
      members = "\"message\":" + nlohmann::json(members).dump(
                                     -1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    out.append(members.data(), members.data() + members.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMembers>();
  }
};

std::string line_of(std::string_view message, LogFields fields) {
  if (chosen_format == LogFormat::kText) {
    std::string line(message);
    for (const auto& [name, value] : fields) {
      line += " " + std::string(name) + "=" + value;
    }
    return line;
  }
  nlohmann::ordered_json object = {{"message", message}};
  for (const auto& [name, value] : fields) object[std::string(name)] = value;
  const std::string text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

void log(spdlog::level::level_enum level, std::string_view message, LogFields fields) {
  const auto logger = spdlog::get(kStructured);
  if (logger && logger->should_log(level)) logger->log(level, line_of(message, fields));
}

}  // namespace

LogFormat default_log_format() {
  return ::isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
}

void start_logging(LogFormat format, std::string_view level) {
  chosen_format = format;
  const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMembers>('*');
  formatter->set_pattern(format == LogFormat::kJson
                             ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%*}"
                             : "%Y-%m-%dT%H:%M:%S.%eZ %l %v");
  sink->set_formatter(std::move(formatter));
  const auto chosen = spdlog::level::from_str(std::string(level));
  for (const char* name : {kStructured, "keyledger"}) {
    auto logger = std::make_shared<spdlog::logger>(name, sink);
    logger->set_level(chosen);
    logger->flush_on(spdlog::level::info);
    if (std::string_view(name) == kStructured) {
      spdlog::drop(name);
      spdlog::register_logger(logger);
    } else {
      spdlog::set_default_logger(logger);
    }
  }
}

void log_info(std::string_view message, LogFields fields) {
  log(spdlog::level::info, message, fields);
}
void log_error(std::string_view message, LogFields fields) {
  log(spdlog::level::err, message, fields);
}

}  // namespace keyledger
