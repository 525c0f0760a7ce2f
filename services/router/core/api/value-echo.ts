import { ECHOED_VALUE_CHARACTERS_MAX } from '../../../shared/limits/api-limits.ts';
import type { JsonObject } from './json-object.ts';
import type { ValueType } from './field.ts';

/** How much may still be printed. */
interface Room {
  left: number;
}

/** A request's value as the service's Java prints it in messages, cut at a length of ours. */
export function echo(value: unknown, type: ValueType): string {
  const room: Room = { left: ECHOED_VALUE_CHARACTERS_MAX };
  const text = print(value, type, room);
  return room.left > 0 ? text : `${text.slice(0, ECHOED_VALUE_CHARACTERS_MAX)}…`;
}

/** The service's spelling of a member in messages. */
export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function print(value: unknown, type: ValueType, room: Room): string {
  if (room.left <= 0) return '';
  if (Array.isArray(value) && type.kind === 'list') return `[${join(value, room, (member) => print(member, type.member, room))}]`;
  if (typeof value === 'object' && value !== null) return printObject(value as JsonObject, type, room);
  const text = String(value);
  room.left -= text.length;
  return text;
}

function printObject(value: JsonObject, type: ValueType, room: Room): string {
  room.left -= 2;
  if (type.kind === 'structure') {
    const present = type.fields.filter((field) => value[field.name] !== undefined);
    const members = join(present, room, (field) => `${lowerFirst(field.name)}=${print(value[field.name], field.type, room)}`);
    return `${type.java}(${members})`;
  }
  if (type.kind === 'map') {
    return `{${join(Object.keys(value), room, (name) => `${name}=${print(value[name], type.member, room)}`)}}`;
  }
  const text = JSON.stringify(value);
  room.left -= text.length;
  return text;
}

function join<Member>(members: readonly Member[], room: Room, text: (member: Member) => string): string {
  const texts: string[] = [];
  for (const member of members) {
    if (room.left <= 0) break;
    texts.push(text(member));
    room.left -= 2;
  }
  return texts.join(', ');
}
