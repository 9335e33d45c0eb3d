// A rival: what a worker on the JVM does with every record today. Three threads and two bounded queues:
//
//   reader: readLine, Jackson readTree -> queue -> middle: switch on the type, count records and bytes
//   per stream -> queue -> writer: writeValueAsString, newline, buffered stdout; flushed at a STATE
//
// It checks less than shunt does: Jackson accepts duplicate keys, nothing is held back after a malformed line,
// no state is matched or stored.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

public final class JvmWorker {
  private static final int QUEUE_MESSAGES = 10_000;

  private record Message(JsonNode tree, int characters) {}

  private static final class Counts {
    long records;
    long bytes;
  }

  private static final Message END = new Message(null, 0);

  private final ObjectMapper mapper = new ObjectMapper();
  private final BlockingQueue<Message> read = new ArrayBlockingQueue<>(QUEUE_MESSAGES);
  private final BlockingQueue<Message> counted = new ArrayBlockingQueue<>(QUEUE_MESSAGES);
  private final Map<String, Counts> streams = new HashMap<>();

  private interface Job {
    void run() throws Exception;
  }

  private static Thread start(String name, Job job) {
    Thread thread =
        new Thread(
            () -> {
              try {
                job.run();
              } catch (Exception error) {
                error.printStackTrace();
                System.exit(1);
              }
            },
            name);
    thread.start();
    return thread;
  }

  private void readLines() throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      read.put(new Message(mapper.readTree(line), line.length() + 1));
    }
    read.put(END);
  }

  private void count() throws Exception {
    for (Message message = read.take(); message != END; message = read.take()) {
      switch (message.tree().path("type").asText()) {
        case "RECORD" -> {
          JsonNode record = message.tree().path("record");
          String name = record.path("namespace").asText() + "." + record.path("stream").asText();
          Counts counts = streams.computeIfAbsent(name, ignored -> new Counts());
          counts.records++;
          counts.bytes += message.characters();
          counted.put(message);
        }
        case "STATE" -> counted.put(message);
        default -> {}
      }
    }
    counted.put(END);
  }

  private void writeLines() throws Exception {
    OutputStream stdout =
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
    BufferedWriter out =
        new BufferedWriter(new OutputStreamWriter(stdout, StandardCharsets.UTF_8), 1 << 16);
    for (Message message = counted.take(); message != END; message = counted.take()) {
      out.write(mapper.writeValueAsString(message.tree()));
      out.write('\n');
      if (message.tree().path("type").asText().equals("STATE")) out.flush();
    }
    out.flush();
  }

  public static void main(String[] arguments) throws Exception {
    JvmWorker worker = new JvmWorker();
    Thread reader = start("reader", worker::readLines);
    Thread middle = start("middle", worker::count);
    Thread writer = start("writer", worker::writeLines);
    reader.join();
    middle.join();
    writer.join();
    worker.streams.forEach(
        (name, counts) -> System.err.println(name + " " + counts.records + " " + counts.bytes));
  }
}
