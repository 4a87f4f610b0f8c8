#include "tools/import/record_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string_view>
#include <utility>

#include "events/text.h"
#include "http/json.h"
#include "tools/import/csv_reader.h"

namespace keyledger {
namespace {

using http::Json;

// How a cell becomes a value. What is no number or truth value stays a text: the server says so.
enum class Kind : std::uint8_t { kText, kList, kBoolean, kNumber };

struct Field {
  std::string_view name;
  Kind kind = Kind::kText;
};
constexpr std::array kFields = {
    Field{"sha256"},
    Field{"handle"},
    Field{"type"},
    Field{"environment"},
    Field{"name"},
    Field{"description"},
    Field{"scopes", Kind::kList},
    Field{"allowed_origins", Kind::kList},
    Field{"allow_missing_origin", Kind::kBoolean},
    Field{"allowed_ips", Kind::kList},
    Field{"not_before"},
    Field{"expires_at"},
    Field{"external_id"},
    Field{"owner_id"},
    Field{"rate_limit.limit", Kind::kNumber},
    Field{"rate_limit.window_seconds", Kind::kNumber},
    Field{"rate_limit.unlimited", Kind::kBoolean},
};
constexpr std::string_view kMetadata = "metadata.";

struct Column {
  std::string outer;  // "metadata" of metadata.team; empty: none
  std::string name;
  Kind kind = Kind::kText;
};

// The column of that header, if there is such a field.
std::optional<Column> column_of(const std::string& header) {
  if (header.starts_with(kMetadata) && header.size() > kMetadata.size()) {
    return Column{"metadata", header.substr(kMetadata.size()), Kind::kText};
  }
  const auto* const found = std::find_if(kFields.begin(), kFields.end(),
                                         [&](const Field& field) { return field.name == header; });
  if (found == kFields.end()) return std::nullopt;
  const std::size_t dot = header.find('.');
  if (dot == std::string::npos) return Column{"", header, found->kind};
  return Column{header.substr(0, dot), header.substr(dot + 1), found->kind};
}

Json list_in(const std::string& cell) {
  Json list = Json::array();
  std::size_t at = 0;
  while ((at = cell.find_first_not_of(" ;", at)) != std::string::npos) {
    const std::size_t end = std::min(cell.find_first_of(" ;", at), cell.size());
    list.push_back(cell.substr(at, end - at));
    at = end;
  }
  return list;
}

Json value_in(const std::string& cell, Kind kind) {
  if (kind == Kind::kList) return list_in(cell);
  if (kind == Kind::kBoolean && (cell == "true" || cell == "false")) return cell == "true";
  if (kind == Kind::kNumber) {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == cell.data() + cell.size()) return number;
  }
  return cell;
}

std::string text_at(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

tl::unexpected<Error> unknown_column(const std::string& header) {
  std::string names;
  for (const Field& field : kFields) names += std::string(field.name) + ", ";
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("The header names the column \"{}\"; a key has: {}metadata.NAME.",
                          header.substr(0, 64), names));
}

}  // namespace

struct RecordSource::Rep {
  Result<void> open(const std::string& path) {
    std::error_code error;
    const bool regular = std::filesystem::is_regular_file(path, error);
    if (regular) size = std::filesystem::file_size(path, error);
    if (std::filesystem::is_directory(path, error)) {
      return fail(ErrorCode::kUnavailable, path + " is a directory.");
    }
    file.open(path, std::ios::binary);
    if (!file) return fail(ErrorCode::kUnavailable, path + " cannot be opened.");
    if (format == ImportFormat::kNdjson) return {};
    csv.emplace(file);
    return read_header();
  }

  Result<void> read_header() {
    const auto header = csv->next();
    if (!header) return fail(header.error());
    if (!*header) return {};
    for (const std::string& cell : (*header)->cells) {
      auto column = column_of(cell);
      if (!column) return unknown_column(cell);
      for (const Column& other : columns) {
        if (other.name != column->name || other.outer != column->outer) continue;
        return fail(ErrorCode::kInvalidRequest, "The header names " + cell + " twice.");
      }
      columns.push_back(std::move(*column));
    }
    return {};
  }

  Result<std::optional<ImportRecord>> next_csv() {
    auto read = csv->next();
    if (!read) return fail(read.error());
    if (!*read) return std::optional<ImportRecord>();
    const CsvRecord& from = **read;
    ImportRecord record;
    record.line = from.line;
    if (from.cells.size() != columns.size()) {
      record.fault =
          fmt::format("has {} cells where the header has {}", from.cells.size(), columns.size());
      return std::optional(std::move(record));
    }
    if (!std::all_of(from.cells.begin(), from.cells.end(), is_valid_utf8)) {
      record.fault = "is no valid UTF-8";
      return std::optional(std::move(record));
    }
    Json json = Json::object();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Column& column = columns[i];
      if (from.cells[i].empty()) continue;
      Json& within = column.outer.empty() ? json : json[column.outer];
      within[column.name] = value_in(from.cells[i], column.kind);
    }
    record.entry = http::dump(json);
    record.sha256 = text_at(json, "sha256");
    return std::optional(std::move(record));
  }

  // A line without its end; nothing at the end of the file.
  Result<std::optional<std::string>> next_line() {
    std::string text;
    ++line;
    while (true) {
      const int c = file.rdbuf()->sbumpc();
      if (c == std::ifstream::traits_type::eof()) {
        if (text.empty()) return std::optional<std::string>();
        break;
      }
      ++bytes;
      if (c == '\n') break;
      text.push_back(static_cast<char>(c));
      if (text.size() > kMaxRecordBytes) {
        return fail(ErrorCode::kInvalidRequest,
                    fmt::format("Line {} has more than {} KiB.", line, kMaxRecordBytes >> 10U));
      }
    }
    if (!text.empty() && text.back() == '\r') text.pop_back();
    return std::optional(std::move(text));
  }

  Result<std::optional<ImportRecord>> next_ndjson() {
    std::optional<std::string> text;
    do {
      auto read = next_line();
      if (!read) return fail(read.error());
      text = std::move(*read);
      if (!text) return std::optional<ImportRecord>();
    } while (text->find_first_not_of(" \t") == std::string::npos);
    ImportRecord record;
    record.line = line;
    const auto json = http::parse_body(*text);
    if (json) {
      record.entry = http::dump(*json);
      record.sha256 = text_at(*json, "sha256");
    } else {
      record.fault = "is no JSON object";
    }
    return std::optional(std::move(record));
  }

  ImportFormat format = ImportFormat::kCsv;
  std::ifstream file;
  std::uint64_t size = 0;
  std::optional<CsvReader> csv;  // reads `file`
  std::vector<Column> columns;
  std::uint64_t line = 0;   // of NDJSON, the one read last
  std::uint64_t bytes = 0;  // of NDJSON
};

RecordSource::RecordSource(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
RecordSource::RecordSource(RecordSource&& other) noexcept = default;
RecordSource& RecordSource::operator=(RecordSource&& other) noexcept = default;
RecordSource::~RecordSource() = default;

Result<RecordSource> RecordSource::open(const std::string& path, ImportFormat format) {
  auto rep = std::make_unique<Rep>();
  rep->format = format;
  try {
    if (auto opened = rep->open(path); !opened) return fail(opened.error());
  } catch (const std::ios_base::failure&) {
    return fail(ErrorCode::kUnavailable, path + " cannot be read.");
  }
  return RecordSource(std::move(rep));
}

Result<std::optional<ImportRecord>> RecordSource::next() {
  try {
    return rep_->format == ImportFormat::kCsv ? rep_->next_csv() : rep_->next_ndjson();
  } catch (const std::ios_base::failure&) {
    return fail(ErrorCode::kStorage, "The file cannot be read to its end.");
  }
}

std::uint64_t RecordSource::bytes_read() const {
  return rep_->csv ? rep_->csv->bytes_read() : rep_->bytes;
}

std::uint64_t RecordSource::size() const { return rep_->size; }

}  // namespace keyledger
