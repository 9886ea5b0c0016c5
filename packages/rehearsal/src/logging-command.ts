/** One `##vso[area.action key=value;…]message` line, which Azure's agent obeys and does not show. */
export interface LoggingCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Source: azure-pipelines-task-lib's own escaping, and azure-devops-docs, logging commands. */
export function parseLoggingCommand(line: string): LoggingCommand | undefined {
  const match = /##vso\[([a-z]+\.[a-z]+)(?:\s([^\]]*))?\](.*)$/i.exec(line);
  if (!match) return undefined;
  const [, name, given, message] = match as unknown as [string, string, string | undefined, string];
  const properties: Record<string, string> = {};
  for (const part of (given ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) properties[part.slice(0, equals).trim().toLowerCase()] = unescaped(part.slice(equals + 1));
  }
  return { name: name.toLowerCase(), properties, message: unescaped(message) };
}

function unescaped(text: string): string {
  const marks: Readonly<Record<string, string>> = { '%0D': '\r', '%0A': '\n', '%3B': ';', '%5D': ']', '%AZP25': '%' };
  return text.replace(/%0D|%0A|%3B|%5D|%AZP25/gi, (mark) => marks[mark.toUpperCase()] as string);
}
