# temporary reader so that the corpus code can be tried; the real module (midi + midiscan) replaces this file
from dataclasses import dataclass
import io, mido
from gamemusic.errors import MidiError
@dataclass(frozen=True, slots=True)
class MidiNote:
    start:int; end:int; pitch:int; velocity:int; channel:int; program:int
@dataclass(frozen=True, slots=True)
class MidiTrack:
    name:str; notes:tuple
@dataclass(frozen=True, slots=True)
class MidiSong:
    ticks_per_beat:int; tracks:tuple; tempos:tuple; meters:tuple; keys:tuple; end_tick:int; midi_type:int
def read_midi(data, *, file=None):
    try:
        mf=mido.MidiFile(file=io.BytesIO(data))
        tr=[];tem=[];met=[];keys=[];end=0
        for t in mf.tracks:
            tick=0;on={};prog=[0]*16;notes=[];name=''
            for m in t:
                tick+=m.time
                if m.type=='note_on' and m.velocity>0 or m.type in('note_on','note_off'):
                    k=(m.channel,m.note)
                    if k in on:
                        s,v,p=on.pop(k); notes.append(MidiNote(s,max(tick,s+1),m.note,v,m.channel,p))
                    if m.type=='note_on' and m.velocity>0: on[k]=(tick,m.velocity,prog[m.channel])
                elif m.type=='program_change': prog[m.channel]=m.program
                elif m.type=='set_tempo': tem.append((tick,6e7/m.tempo))
                elif m.type=='time_signature': met.append((tick,m.numerator,m.denominator))
                elif m.type=='track_name': name=m.name
            for (c,n),(s,v,p) in on.items(): notes.append(MidiNote(s,max(tick,s+1),n,v,c,p))
            end=max(end,tick)
            tr.append(MidiTrack(name,tuple(sorted(notes,key=lambda n:(n.start,n.pitch)))))
        return MidiSong(mf.ticks_per_beat,tuple(tr),tuple(sorted(tem)),tuple(sorted(set(met))),(),end,mf.type)
    except Exception as e:
        raise MidiError(repr(e),file=file)
